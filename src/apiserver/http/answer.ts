// Answers as bytes. What is shared between answers (an object's JSON) is made once, by the cache.
import { InternalError, StatusError } from '../../api/status.ts';
import type { Log } from '../../base/log.ts';
import { CachedObject } from '../object-cache.ts';
import type { ListPage } from '../rest/lists.ts';
import type { RestAnswer } from '../rest/rest.ts';
import type { Bookmark } from '../rest/watches.ts';
import { partialOf, tableOf } from '../table.ts';
import { type AnswerForm, bookmarkObject, listNames } from './answer-form.ts';
import { protobufType } from './negotiation.ts';
import { type ByteForm, type Response, sendBytes, sendJson, sendObject } from './send.ts';

/** Sends what is told along with whatever the answer will be: each text once, and not without end. */
export function warningsOf(response: Response): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text) || told.size >= warningsAtMost || response.headersSent) return;
    told.add(text);
    response.setHeader(
      'warning',
      [...told].map((each) => `299 - ${JSON.stringify(printable(each))}`),
    );
  };
}

const warningsAtMost = 20;

const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 500);

/** Every error leaves as a Status; one that is none of ours is logged and tells the client no more than that. */
export async function sendError(response: Response, error: unknown, form: ByteForm, log: Log): Promise<void> {
  if (!(error instanceof StatusError)) {
    log.error('request failed', { error: error instanceof Error ? error.stack : error });
  }
  const status = (
    error instanceof StatusError ? error : new InternalError('the request could not be handled')
  ).toStatus();
  if (response.headersSent) return void response.destroy();
  const { retryAfterSeconds } = status.details ?? {};
  if (retryAfterSeconds) response.setHeader('retry-after', String(retryAfterSeconds));
  await sendObject(response, status.code ?? 500, status, form);
}

export async function sendAnswer(response: Response, answer: RestAnswer, form: AnswerForm): Promise<void> {
  switch (answer.type) {
    case 'status':
      return sendObject(response, answer.status.code ?? 200, answer.status, form);
    case 'plain':
      return sendObject(response, answer.code, answer.object, form);
    case 'shown': {
      const { object, kind, code } = answer;
      if (form.representation !== 'table') return sendObject(response, code, object, form);
      const cached = new CachedObject(object, Number(object.metadata.resourceVersion));
      return sendJson(response, code, objectJson(cached, { ...form, kind }), form);
    }
    case 'object':
      return form.encoding === 'protobuf'
        ? sendBytes(response, answer.code, protobufType, (await protobuf()).objectBytes(answer.cached, form), form)
        : sendJson(response, answer.code, objectJson(answer.cached, form), form);
    case 'list': {
      const metadata = listMetadata(answer);
      return form.encoding === 'protobuf'
        ? sendBytes(response, 200, protobufType, (await protobuf()).listBytes(answer.items, metadata, form), form)
        : sendJson(response, 200, listJson(answer.items, metadata, form), form);
    }
  }
}

const protobuf = () => import('./protobuf.ts');

export function objectJson(stored: CachedObject, form: AnswerForm, withColumns = true): string | Buffer {
  const { kind, representation, includeObject, nowMs } = form;
  const cached = stored.as(kind);
  if (representation === 'object') return cached.bytes;
  if (representation === 'partial') return JSON.stringify(partialOf(cached));
  const metadata = { resourceVersion: String(cached.revision) };
  return JSON.stringify(tableOf(kind, [cached], metadata, { includeObject, withColumns }, nowMs));
}

export function bookmarkJson(bookmark: Bookmark, form: AnswerForm): string {
  if (form.representation !== 'table') return JSON.stringify(bookmarkObject(bookmark, form));
  const metadata = { resourceVersion: String(bookmark.revision) };
  return JSON.stringify(tableOf(form.kind, [], metadata, tableOfNothing, 0));
}

const tableOfNothing = { includeObject: 'None', withColumns: false } as const;

function listMetadata({ revision, next, remaining }: Omit<ListPage, 'items'>): object {
  return {
    resourceVersion: String(revision),
    ...(next !== undefined && { continue: next }),
    ...(remaining !== undefined && { remainingItemCount: remaining }),
  };
}

function listJson(stored: CachedObject[], metadata: object, form: AnswerForm): string | Buffer {
  const { kind, representation, includeObject, nowMs } = form;
  const items = kind.view ? stored.map((each) => each.as(kind)) : stored;
  if (representation === 'table') {
    return JSON.stringify(tableOf(kind, items, metadata, { includeObject, withColumns: true }, nowMs));
  }
  const head = `${JSON.stringify({ ...listNames(form), metadata }).slice(0, -1)},"items":[`;
  return representation === 'partial'
    ? `${head}${items.map((item) => JSON.stringify(partialOf(item))).join(',')}]}`
    : joined(Buffer.from(head), items);
}

const comma = 0x2c;
const end = Buffer.from(']}');

/** The bytes that every object has once, with what stands around them: a long list costs no more than its copying. */
function joined(head: Buffer, items: CachedObject[]): Buffer {
  const length = items.reduce((sum, { itemBytes }) => sum + itemBytes.length + 1, 0) - (items.length > 0 ? 1 : 0);
  const all = Buffer.allocUnsafe(head.length + length + end.length);
  let at = head.copy(all);
  for (const [index, { itemBytes }] of items.entries()) {
    if (index > 0) all[at++] = comma;
    at += itemBytes.copy(all, at);
  }
  end.copy(all, at);
  return all;
}
