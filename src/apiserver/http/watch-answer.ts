// A watch over HTTP: event after event, until the client goes, the time is over or the server stops.
import { StatusError } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import type { OpenWatch, WatchSink } from '../rest/watches.ts';
import type { AnswerForm } from './answer-form.ts';
import { type EventCoding, jsonEvents } from './event-coding.ts';
import type { Encoding } from './negotiation.ts';
import { PacedWriter } from './paced-writer.ts';
import type { Response } from './send.ts';

export interface WatchCall {
  response: Response;
  /** Aborted when the client has gone. */
  closed: AbortSignal;
  /** Aborted when the server stops. */
  stopping: AbortSignal;
}

export async function sendWatch(
  { response, closed, stopping }: WatchCall,
  request: RestRequest,
  rest: Rest,
  form: AnswerForm,
  clock: Clock,
  log: Log,
): Promise<void> {
  const coding = await codingOf(form.encoding);
  const fail = (error: unknown) => {
    log.error('a watch ended', { kind: request.kind.kind, error });
    response.destroy();
  };
  const writer = new PacedWriter(response, closed, fail);
  let isFirst = true;
  const sink: WatchSink = {
    event: (type, cached) =>
      writer.write(() => {
        const event = coding.event(type, cached, { ...form, nowMs: clock.now() }, isFirst);
        isFirst = false;
        return event;
      }),
    fail,
    bookmark: (bookmark) => writer.write(() => coding.bookmark(bookmark, form)),
  };

  let watch: OpenWatch;
  try {
    watch = await rest.watch(request, sink);
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'Expired') throw error;
    // Kubernetes tells this within the stream: clients look for it there.
    response.writeHead(200, { 'content-type': coding.contentType });
    response.end(coding.error(error.toStatus()));
    return;
  }
  if (closed.aborted) return watch.close();
  response.writeHead(200, { 'content-type': coding.contentType });
  response.flushHeaders();
  writer.start();
  let isEnded = false;
  const end = () => {
    if (isEnded) return;
    isEnded = true;
    cancel();
    stopping.removeEventListener('abort', end);
    watch.close();
    writer.end();
  };
  const cancel = clock.after(watch.timeoutMs, end);
  stopping.addEventListener('abort', end);
  closed.addEventListener('abort', end, { once: true });
  if (stopping.aborted) end();
}

async function codingOf(encoding: Encoding): Promise<EventCoding> {
  return encoding === 'protobuf' ? (await import('./protobuf-events.ts')).protobufEvents : jsonEvents;
}
