// The events of a watch as bytes. As JSON, one event is a line.
import type { Status } from '../../api/status.ts';
import type { CachedObject, CacheEvent } from '../object-cache.ts';
import type { Bookmark } from '../rest/watches.ts';
import { bookmarkJson, objectJson } from './answer.ts';
import type { AnswerForm } from './answer-form.ts';

export interface EventCoding {
  contentType: string;
  event(type: CacheEvent['type'], cached: CachedObject, form: AnswerForm, isFirst: boolean): Buffer | string;
  bookmark(bookmark: Bookmark, form: AnswerForm): Buffer | string;
  error(status: Status): Buffer | string;
}

const line = (type: string, json: string) => `{"type":"${type}","object":${json}}\n`;

export const jsonEvents: EventCoding = {
  contentType: 'application/json',
  // A table tells its columns once.
  event: (type, cached, form, isFirst) => line(type, objectJson(cached, form, isFirst)),
  bookmark: (bookmark, form) => line('BOOKMARK', bookmarkJson(bookmark, form)),
  error: (status) => line('ERROR', JSON.stringify(status)),
};
