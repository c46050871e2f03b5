// Where a webhook is reached: a URL, or a service of the cluster. Admission, conversion and authorization state it alike.
import { type Cause, checkPort, dnsSubdomainFaults, invalid, required } from './validation.ts';

export interface WebhookAddress {
  url?: string;
  service?: { name?: string; namespace?: string; path?: string; port?: number };
}

export function setWebhookAddressDefaults({ service }: WebhookAddress): void {
  if (service) service.port ??= 443;
}

export function* checkWebhookAddress({ url, service }: WebhookAddress, at: string): Iterable<Cause> {
  if ((url === undefined) === (service === undefined)) {
    return yield required(at, 'exactly one of url or service is required');
  }
  if (url !== undefined) yield* checkUrl(url, `${at}.url`);
  if (service) yield* checkService(service, `${at}.service`);
}

const form = '; desired format: https://host[/path]';

function* checkUrl(text: string, at: string): Iterable<Cause> {
  const url = URL.parse(text);
  if (!url) {
    const isRelative = /^[^:]*$/.test(text);
    if (!isRelative) return yield required(at, `url must be a valid URL: parse ${JSON.stringify(text)}${form}`);
    yield invalid(at, '', `'https' is the only allowed URL scheme${form}`);
    return yield invalid(at, '', `host must be specified${form}`);
  }
  const { protocol, host, username, password, hash, search } = url;
  if (protocol !== 'https:') yield invalid(at, protocol.slice(0, -1), `'https' is the only allowed URL scheme${form}`);
  if (!host) yield invalid(at, host, `host must be specified${form}`);
  if (username || password) yield invalid(at, username, `user information is not permitted in the URL${form}`);
  if (hash) yield invalid(at, hash.slice(1), `fragments are not permitted in the URL${form}`);
  if (search) yield invalid(at, search.slice(1), `query parameters are not permitted in the URL${form}`);
}

function* checkService(
  { name, namespace, path = '', port = 0 }: NonNullable<WebhookAddress['service']>,
  at: string,
): Iterable<Cause> {
  if (!name) yield required(`${at}.name`, 'service name is required');
  if (!namespace) yield required(`${at}.namespace`, 'service namespace is required');
  for (const _ of checkPort(`${at}.port`, port)) {
    yield invalid(`${at}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive');
  }
  if (path === '' || path === '/') return;
  if (path === '//') return yield invalid(`${at}.path`, path, 'segment[0] may not be empty');
  if (!path.startsWith('/')) yield invalid(`${at}.path`, path, "must start with a '/'");
  for (const [index, segment] of path.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (segment === '') yield invalid(`${at}.path`, path, `segment[${index}] may not be empty`);
    else
      for (const fault of dnsSubdomainFaults(segment)) yield invalid(`${at}.path`, path, `segment[${index}]: ${fault}`);
  }
}
