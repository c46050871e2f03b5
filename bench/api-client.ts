// A plain client of any Kubernetes API server, as cheap as can be: keep-alive HTTP/1.1 connections, bytes in, bytes out.
import { Agent, request } from 'node:https';
import type { Kubeconfig } from '../src/pki/kubeconfig.ts';

export interface Answer {
  code: number;
  body: Buffer;
}

export class ApiClient {
  readonly #agent: Agent;
  readonly #host: string;
  readonly #port: number;
  readonly #credentials: object;

  constructor({ server, ca, identity }: Kubeconfig, connections: number) {
    const { hostname, port } = new URL(server);
    this.#host = hostname;
    this.#port = Number(port) || 443;
    this.#credentials = { ca, ...(identity && { cert: identity.certificate, key: identity.key }) };
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'lifo', ...this.#credentials });
  }

  /** Throws for an answer that is no success: what is measured is work that was done. */
  async send(method: string, path: string, body?: string, contentType = 'application/json'): Promise<Buffer> {
    const answer = await this.#exchange(method, path, body, contentType);
    if (answer.code >= 300)
      throw new Error(`${method} ${path}: ${answer.code} ${answer.body.toString().slice(0, 300)}`);
    return answer.body;
  }

  /** Hands over each event of a watch until the answer is called. */
  async watch(
    path: string,
    onEvent: (event: { type: string; object: { metadata: { name: string } } }) => void,
  ): Promise<() => void> {
    const opened = Promise.withResolvers<() => void>();
    const outgoing = request(this.#options('GET', path, { agent: false, ...this.#credentials }), (response) => {
      let rest = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onEvent(JSON.parse(line));
      });
      opened.resolve(() => outgoing.destroy());
    });
    outgoing.on('error', opened.reject);
    outgoing.end();
    return opened.promise;
  }

  close(): void {
    this.#agent.destroy();
  }

  #options(method: string, path: string, more: object) {
    return { host: this.#host, port: this.#port, method, path, headers: { accept: 'application/json' }, ...more };
  }

  #exchange(method: string, path: string, body: string | undefined, contentType: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#options(method, path, { agent: this.#agent }), (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      if (body !== undefined) {
        outgoing.setHeader('content-type', contentType);
        outgoing.setHeader('content-length', Buffer.byteLength(body));
      }
      outgoing.end(body);
    });
  }
}
