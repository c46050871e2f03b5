// How YAML is read, in bodies and in files.
import type { DocumentOptions, ParseOptions, SchemaOptions, ToJSOptions } from 'yaml';

/** Of YAML 1.1, where `yes` is true and 010 is eight, what JSON can say: a time stays a text. */
export const asKubernetesReads: ParseOptions & DocumentOptions & SchemaOptions & ToJSOptions = {
  version: '1.1',
  // What clients send is not for the log.
  logLevel: 'error',
  customTags: (tags) =>
    tags.filter((tag) => !/:(timestamp|binary|set|omap|pairs)$/.test(typeof tag === 'string' ? tag : tag.tag)),
};
