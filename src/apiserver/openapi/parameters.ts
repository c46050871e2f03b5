// The parameters of requests: what each means, and which an operation takes.

export interface Parameter {
  name: string;
  in: 'query' | 'path';
  type: 'string' | 'boolean' | 'integer';
  description: string;
}

const inQuery: Record<string, Omit<Parameter, 'name' | 'in'>> = {
  allowWatchBookmarks: {
    type: 'boolean',
    description:
      'Of a watch: send events of type BOOKMARK, which say nothing but how far the watch has come. When they come is up to the server.',
  },
  continue: {
    type: 'string',
    description:
      'Where the next page of a list begins, as the page before it said in metadata.continue. All else that is asked must stay the same. A page that is asked for too late is answered with 410 and a token that continues as of now. It has no meaning for a watch.',
  },
  dryRun: {
    type: 'string',
    description: 'All: do everything but keep the result. Anything else is refused.',
  },
  fieldManager: {
    type: 'string',
    description:
      'Who makes the change, at most 128 printable characters: the owner of the fields that are set. A server-side apply must name one.',
  },
  fieldSelector: {
    type: 'string',
    description: 'Only objects whose fields have these values. Everything when left out.',
  },
  fieldValidation: {
    type: 'string',
    description:
      'What becomes of fields that the kind does not have, and of those that are written twice. Ignore: they are dropped. Warn (when left out): they are dropped and the answer bears a warning for each. Strict: the request is refused, and the error names them all.',
  },
  force: {
    type: 'boolean',
    description:
      'Of a server-side apply: take over fields that others own, instead of telling of the conflict. Other patches cannot be forced.',
  },
  gracePeriodSeconds: {
    type: 'integer',
    description:
      'How many seconds the object has to end by itself; 0 ends it at once. When left out, what the object or its kind says.',
  },
  labelSelector: {
    type: 'string',
    description: 'Only objects with these labels. Everything when left out.',
  },
  limit: {
    type: 'integer',
    description:
      'How many objects an answer has at most. Where there are more, metadata.continue says how to ask for the next page; all pages show the objects as of the same moment. It has no meaning for a watch.',
  },
  orphanDependents: {
    type: 'boolean',
    description:
      'Superseded by propagationPolicy, and not to be given along with it: whether the objects that this one owns stay.',
  },
  pretty: {
    type: 'string',
    description: 'true: indent the answer for people to read, as is done unasked for browsers and curl.',
  },
  propagationPolicy: {
    type: 'string',
    description:
      'What becomes of the objects that this one owns. Orphan: they stay. Background: they are deleted afterwards. Foreground: they are deleted first.',
  },
  resourceVersion: {
    type: 'string',
    description:
      'As of when. Left out: the newest state. 0: any state. A version: one that is at least as new, or that very one where resourceVersionMatch says so.',
  },
  resourceVersionMatch: {
    type: 'string',
    description: 'How the resourceVersion of a list is meant: Exact or NotOlderThan.',
  },
  sendInitialEvents: {
    type: 'boolean',
    description:
      'Of a watch: begin with an event for each object that is there, and tell with a bookmark (annotation k8s.io/initial-events-end) when these are through. resourceVersionMatch must be NotOlderThan.',
  },
  timeoutSeconds: {
    type: 'integer',
    description: 'The longest that a list or watch may last, whatever happens meanwhile.',
  },
  watch: {
    type: 'boolean',
    description:
      'Instead of a list, tell every change to its objects from resourceVersion on, for as long as the client listens.',
  },

  command: {
    type: 'string',
    description: 'The program to run and its arguments, one parameter each. No shell reads it.',
  },
  container: { type: 'string', description: 'Which container of the pod; it may be left out where there is but one.' },
  follow: { type: 'boolean', description: 'Go on with what is logged from now on.' },
  insecureSkipTLSVerifyBackend: {
    type: 'boolean',
    description: "Don't check whom the server asks for the log. Somebody in between could then change it.",
  },
  limitBytes: { type: 'integer', description: 'How many bytes of the log to send at most.' },
  path: { type: 'string', description: 'The path that is asked for behind the proxy.' },
  ports: { type: 'integer', description: 'The ports of the pod to forward.' },
  previous: { type: 'boolean', description: 'The log of the container that ran before this one.' },
  sinceSeconds: { type: 'integer', description: 'Only what was logged this many seconds ago or later.' },
  stderr: { type: 'boolean', description: 'Send what the program writes to its standard error.' },
  stdin: { type: 'boolean', description: 'Pass what the client sends to the standard input of the program.' },
  stdout: { type: 'boolean', description: 'Send what the program writes to its standard output.' },
  stream: { type: 'string', description: 'Which output to send: All (when left out), Stdout or Stderr.' },
  tailLines: {
    type: 'integer',
    description: 'How many lines from the end of the log to begin with. All when left out.',
  },
  timestamps: { type: 'boolean', description: 'Put the time before each line.' },
  tty: { type: 'boolean', description: 'Give the program a terminal.' },
};

/** The parameters of these names, the same ones for whoever asks, in their order. */
export function queryParameters(...names: string[]): readonly Parameter[] {
  return sorted(
    names.map((name) => {
      const parameter = all.get(name);
      if (!parameter) throw new Error(`the parameter ${name} is not described`);
      return parameter;
    }),
  );
}

const all = new Map(
  Object.entries(inQuery).map(([name, rest]): [string, Parameter] => [name, { name, in: 'query', ...rest }]),
);

export const sorted = (list: Parameter[]) => list.sort((one, other) => (one.name < other.name ? -1 : 1));

export const namespaceParameter: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'The namespace of the object.',
};

export const nameParameter = (kind: string): Parameter => ({
  name: 'name',
  in: 'path',
  type: 'string',
  description: `name of the ${kind}`,
});

export const pathParameter: Parameter = {
  name: 'path',
  in: 'path',
  type: 'string',
  description: 'path to the resource',
};
