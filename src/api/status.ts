// Kubernetes' errors: one class per Status reason, with the Status that goes over the wire.
// Decide by class or guard, never by message.

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, unknown>;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** What an error is about: a resource name ("pods", "deployments.apps" without the group) and an object's name. */
export interface Subject {
  group: string;
  resource: string;
  name?: string | undefined;
}

const qualified = ({ group, resource }: Subject) => (group ? `${resource}.${group}` : resource);

function detailsOf({ group, resource, name }: Subject): StatusDetails {
  return { ...(name !== undefined && { name }), ...(group && { group }), ...(resource && { kind: resource }) };
}

export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

export class BadRequest extends StatusError {
  constructor(message: string) {
    super(400, 'BadRequest', message);
  }
}

export class Unauthorized extends StatusError {
  constructor() {
    super(401, 'Unauthorized', 'Unauthorized');
  }
}

export class Forbidden extends StatusError {
  constructor(subject: Subject, why: string, causes?: StatusCause[]) {
    const name = subject.name === undefined ? '' : ` "${subject.name}"`;
    // A path is no resource.
    const what = subject.resource ? `${qualified(subject)}${name} is ` : '';
    super(403, 'Forbidden', `${what}forbidden: ${why}`, { ...detailsOf(subject), ...(causes && { causes }) });
  }
}

export class NotFound extends StatusError {
  constructor(subject: Subject) {
    super(404, 'NotFound', `${qualified(subject)} "${subject.name}" not found`, detailsOf(subject));
  }
}

/** The path itself is unknown, as opposed to an object under it. */
export class NoSuchPath extends StatusError {
  constructor() {
    super(404, 'NotFound', 'the server could not find the requested resource', {});
  }
}

export class MethodNotAllowed extends StatusError {
  constructor(message = 'the server does not allow this method on the requested resource') {
    super(405, 'MethodNotAllowed', message, {});
  }
}

export class NotAcceptable extends StatusError {
  constructor(accepted: string[], why = `only the following media types are accepted: ${accepted.join(', ')}`) {
    super(406, 'NotAcceptable', why);
  }
}

export class AlreadyExists extends StatusError {
  constructor(subject: Subject) {
    super(409, 'AlreadyExists', `${qualified(subject)} "${subject.name}" already exists`, detailsOf(subject));
  }
}

export class Conflict extends StatusError {
  constructor(
    subject: Subject,
    why = 'the object has been modified; please apply your changes to the latest version and try again',
  ) {
    super(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${why}`,
      detailsOf(subject),
    );
  }
}

/** The revision asked for is no longer in the watch window. A list may be told how to go on without it. */
export class Expired extends StatusError {
  readonly #continueToken: string | undefined;

  constructor(message: string, continueToken?: string) {
    super(410, 'Expired', message);
    this.#continueToken = continueToken;
  }

  override toStatus(): Status {
    const status = super.toStatus();
    return this.#continueToken ? { ...status, metadata: { continue: this.#continueToken } } : status;
  }
}

/** What was asked for did not come in time: trying again later may help. */
export class Timeout extends StatusError {
  constructor(message: string, causes: StatusCause[] = []) {
    super(504, 'Timeout', `Timeout: ${message}`, { causes, retryAfterSeconds: 1 });
  }
}

export class RequestTimeout extends StatusError {
  constructor(message: string) {
    super(408, 'Timeout', message);
  }
}

export class RequestEntityTooLarge extends StatusError {
  constructor(message: string) {
    super(413, 'RequestEntityTooLarge', message);
  }
}

export class UnsupportedMediaType extends StatusError {
  constructor(accepted: readonly string[]) {
    super(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    );
  }
}

/** All the causes in one line, each of them once. */
export function aggregateText(causes: readonly Required<StatusCause>[]): string {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** A validated object was found wanting; the kind is named here, not the resource. */
export class Invalid extends StatusError {
  constructor(subject: { group: string; kind: string; name: string }, causes: Required<StatusCause>[]) {
    const list = aggregateText(causes);
    const kind = subject.group ? `${subject.kind}.${subject.group}` : subject.kind;
    const { group, name } = subject;
    super(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, {
      ...(name && { name }),
      ...(group && { group }),
      ...(subject.kind && { kind: subject.kind }),
      causes,
    });
  }
}

/** Not now, but perhaps when the time that is told is over. */
export class TooManyRequests extends StatusError {
  constructor(message: string, details: StatusDetails) {
    super(429, 'TooManyRequests', message, details);
  }
}

export class InternalError extends StatusError {
  constructor(message: string) {
    super(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
}

export class ServiceUnavailable extends StatusError {
  constructor(message: string) {
    super(503, 'ServiceUnavailable', message);
  }
}

/** The disk or another store of ours is full: reading goes on, writing does not. */
export class InsufficientStorage extends StatusError {
  constructor(message: string) {
    super(507, 'InsufficientStorage', message);
  }
}

const is = (reason: string) => (error: unknown) => error instanceof StatusError && error.reason === reason;

export const isNotFound = is('NotFound');
export const isAlreadyExists = is('AlreadyExists');
export const isConflict = is('Conflict');
export const isExpired = is('Expired');
export const isUnauthorized = is('Unauthorized');
export const isForbidden = is('Forbidden');

/** Passes over what an object's own end brings: it is gone already, or another one has its name or state by now. */
export function unlessGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}

/** The API has answered, and that is its answer: the same question gets the same one. */
export function isRefusal(error: unknown): boolean {
  return error instanceof StatusError && error.code < 500;
}

/** The error behind a Status that came over the wire. */
export function errorFromStatus(status: Partial<Status>, httpCode: number): StatusError {
  return new StatusError(
    status.code ?? httpCode,
    status.reason ?? '',
    status.message ?? `the server answered ${httpCode}`,
    status.details,
  );
}
