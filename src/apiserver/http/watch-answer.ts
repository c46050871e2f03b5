// A watch over HTTP: one JSON event a line, until the client goes, the time is over or the server stops.
import { StatusError } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { RestRequest } from '../rest/request.ts';
import type { Rest } from '../rest/rest.ts';
import type { OpenWatch, WatchSink } from '../rest/watches.ts';
import { type AnswerForm, bookmarkJson, objectJson } from './answer.ts';
import type { Response } from './send.ts';

/** A client that lets this much lie unread is cut off: it lists again when it can keep up. */
const unreadBytesAtMost = 16 * 1024 * 1024;

export async function sendWatch(
  response: Response,
  request: RestRequest,
  rest: Rest,
  form: AnswerForm,
  clock: Clock,
  log: Log,
  stopping: AbortSignal,
): Promise<void> {
  const lines: string[] = [];
  let isScheduled = false;
  let sentColumns = false;
  const flush = () => {
    isScheduled = false;
    if (lines.length === 0 || !response.headersSent || response.destroyed) return;
    response.write(lines.splice(0).join(''));
    if (response.writableLength > unreadBytesAtMost) response.destroy();
  };
  const write = (type: string, json: string) => {
    lines.push(`{"type":"${type}","object":${json}}\n`);
    // All events of one commit leave in one write.
    if (!isScheduled) queueMicrotask(flush);
    isScheduled = true;
  };
  const sink: WatchSink = {
    event: (type, cached) => {
      write(type, objectJson(cached, { ...form, nowMs: clock.now() }, !sentColumns));
      sentColumns = true;
    },
    fail: (error) => {
      log.error('a watch ended', { kind: request.kind.kind, error });
      response.destroy();
    },
    bookmark: (bookmark) => write('BOOKMARK', bookmarkJson(bookmark, form)),
  };

  let watch: OpenWatch;
  try {
    watch = await rest.watch(request, sink);
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'Expired') throw error;
    // Kubernetes tells this within the stream: clients look for it there.
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`);
    return;
  }
  if (response.destroyed) return watch.close();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  flush();
  let isEnded = false;
  const end = () => {
    if (isEnded) return;
    isEnded = true;
    cancel();
    stopping.removeEventListener('abort', end);
    watch.close();
    flush();
    response.end();
  };
  const cancel = clock.after(watch.timeoutMs, end);
  stopping.addEventListener('abort', end);
  response.once('close', end);
  if (stopping.aborted) end();
}
