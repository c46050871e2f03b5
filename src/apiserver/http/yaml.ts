// YAML bodies. A file of its own, loaded with the first of them: most clients send JSON.
import { parse } from 'yaml';
import { BadRequest, RequestEntityTooLarge } from '../../api/status.ts';

/** Reading YAML takes long, and nothing else is done meanwhile. */
const bytesAtMost = 256 * 1024;

export function parseYaml(body: Buffer): unknown {
  if (body.length > bytesAtMost)
    throw new RequestEntityTooLarge(`a YAML body may have ${bytesAtMost} bytes, send JSON`);
  try {
    return parse(body.toString('utf8'));
  } catch (error) {
    throw new BadRequest(`error converting YAML to JSON: ${(error as Error).message}`);
  }
}
