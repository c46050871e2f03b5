// The events of a watch as bytes. As JSON, one event is a line.
import type { Status } from '../../api/status.ts';
import type { CachedObject, CacheEvent } from '../object-cache.ts';
import type { Bookmark } from '../rest/watches.ts';
import { bookmarkJson, objectJson } from './answer.ts';
import type { AnswerForm } from './answer-form.ts';

export interface EventCoding {
  contentType: string;
  event(type: CacheEvent['type'], cached: CachedObject, form: AnswerForm, isFirst: boolean): Buffer;
  bookmark(bookmark: Bookmark, form: AnswerForm): Buffer;
  error(status: Status): Buffer;
}

function line(type: string, json: string | Buffer): Buffer {
  const head = `{"type":"${type}","object":`;
  const object = typeof json === 'string' ? Buffer.from(json) : json;
  return Buffer.concat([Buffer.from(head), object, lineEnd]);
}

/** The next watcher sends the same. */
const keepBytes = ({ itemBytes }: CachedObject) => itemBytes;

const lineEnd = Buffer.from('}\n');

export const jsonEvents: EventCoding = {
  contentType: 'application/json',
  event: (type, cached, form, isFirst) => {
    if (form.representation === 'object') keepBytes(cached.as(form.kind));
    // A table tells its columns once.
    return line(type, objectJson(cached, form, isFirst));
  },
  bookmark: (bookmark, form) => line('BOOKMARK', bookmarkJson(bookmark, form)),
  error: (status) => line('ERROR', JSON.stringify(status)),
};
