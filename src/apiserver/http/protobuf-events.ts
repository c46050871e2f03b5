// The events of a watch as protobuf: each after its length, and its object as it would come alone.
import { encodeObject, encodeWatchEvent } from '../../api/protobuf/envelope.ts';
import { bookmarkObject } from './answer-form.ts';
import type { EventCoding } from './event-coding.ts';
import { protobufType } from './negotiation.ts';
import { known, objectBytes } from './protobuf.ts';

export const protobufEvents: EventCoding = {
  contentType: `${protobufType};stream=watch`,
  event: (type, cached, form) => encodeWatchEvent(type, objectBytes(cached, form)),
  bookmark: (bookmark, form) => encodeWatchEvent('BOOKMARK', known(encodeObject(bookmarkObject(bookmark, form)))),
  error: (status) => encodeWatchEvent('ERROR', known(encodeObject(status))),
};
