// Bodies and answers as protobuf, for clients that prefer it. Loaded when the first of them comes.
import { decodeEnvelope, encodeContent, encodeList, envelopeOf, NoProtobuf } from '../../api/protobuf/envelope.ts';
import { MalformedProtobuf } from '../../api/protobuf/wire-reader.ts';
import { BadRequest, UnsupportedMediaType } from '../../api/status.ts';
import type { CachedObject } from '../object-cache.ts';
import { partialNames, partialOf } from '../table.ts';
import { type AnswerForm, listNames } from './answer-form.ts';

export function parseProtobuf(body: Buffer): unknown {
  try {
    return decodeEnvelope(body);
  } catch (error) {
    if (error instanceof NoProtobuf) throw new UnsupportedMediaType(['application/json', 'application/yaml']);
    if (error instanceof MalformedProtobuf) throw new BadRequest(`couldn't get version/kind; ${error.message}`);
    throw error;
  }
}

export function objectBytes(stored: CachedObject, form: AnswerForm): Buffer {
  const cached = stored.as(form.kind);
  return envelopeOf(form.representation === 'partial' ? partialNames : cached.object, contentOf(cached, form));
}

export function listBytes(items: readonly CachedObject[], metadata: object, form: AnswerForm): Buffer {
  const contents = items.map((item) => contentOf(item.as(form.kind), form));
  return encodeList({ ...listNames(form), metadata }, contents);
}

/** Made once and shared by all who send it, as long as the object is there. */
const contents = new WeakMap<CachedObject, Buffer>();

function contentOf(cached: CachedObject, { representation }: AnswerForm): Buffer {
  if (representation === 'partial') return known(encodeContent(partialOf(cached)));
  let content = contents.get(cached);
  if (!content) {
    content = known(encodeContent(cached.object));
    contents.set(cached, content);
  }
  return content;
}

/** What is asked for here was found to travel as protobuf when the request came. */
export function known(bytes: Buffer | undefined): Buffer {
  if (!bytes) throw new Error('an object of a kind with protobuf has none');
  return bytes;
}
