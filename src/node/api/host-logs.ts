// GET /logs/...: the host's own logs, folders as lists of links and files as they are.
// Holds: nothing outside of the folder is shown, also not to who can make links in it, as a pod that mounts it can.
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Call, Refusal, type Route, sendText } from './route.ts';

export function hostLogRoutes(folder: string): Route[] {
  return [
    { path: '/logs/{file...}', methods: ['GET'], answer: (call, response) => sendHostLog(folder, call, response) },
  ];
}

async function sendHostLog(folder: string, { request, path }: Call, response: ServerResponse): Promise<void> {
  // Whatever the path says, it does not lead out of the folder.
  const inside = posix.normalize(`/${path.file ?? ''}`);
  const found = await realpath(join(folder, inside)).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' || error.code === 'ENOTDIR' ? notThere() : error;
  });
  if (found !== folder && !found.startsWith(`${folder}/`)) throw notThere();
  const stats = await stat(found);
  const [pathname = ''] = (request.url ?? '').split('?');
  if (stats.isDirectory() && !pathname.endsWith('/')) {
    response.writeHead(301, { location: `${posix.basename(pathname)}/` }).end();
  } else if (stats.isDirectory()) {
    sendText(response, 200, listOf(await readdir(found, { withFileTypes: true })), 'text/html; charset=utf-8');
  } else if (stats.isFile()) {
    // As long as it is now: a log that grows meanwhile is another answer.
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': stats.size });
    if (stats.size > 0) await pipeline(createReadStream(found, { end: stats.size - 1 }), response);
    else response.end();
  } else throw notThere();
}

const notThere = () => new Refusal(404, '404 page not found\n');

function listOf(entries: readonly { name: string; isDirectory(): boolean }[]): string {
  const names = entries.map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`).sort();
  const lines = names.map((name) => `<a href="${encodeURI(name)}">${escaped(name)}</a>\n`);
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join('')}</pre>\n`;
}

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => signs[sign] ?? sign);
}
