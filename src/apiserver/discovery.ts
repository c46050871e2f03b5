// What the server serves, as clients ask for it: groups, versions and resources, one document each or all in one.
import { apiVersionOf, type Kind, type Subresource, subresourcesOf, verbsOf } from '../api/kinds/kind.ts';

export class Discovery {
  readonly #kinds: readonly Kind[];

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** The document at the path, if it is one of discovery's. */
  document(path: string, serverAddress: string): object | undefined {
    const [, root, group, version, ...more] = path.split('/');
    if (more.length > 0) return undefined;
    if (root === 'api' && version === undefined) {
      return group === undefined ? coreVersions(serverAddress) : this.#resources('', group);
    }
    if (root !== 'apis') return undefined;
    if (group === undefined) {
      const groups = this.#groupNames().map((name) => this.#group(name));
      return { kind: 'APIGroupList', apiVersion: 'v1', groups };
    }
    if (!this.#groupNames().includes(group)) return undefined;
    if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group) };
    return this.#resources(group, version);
  }

  /** All resources of the core group, or of all other groups, in one document. */
  aggregated(root: 'api' | 'apis', apiVersion: string): object {
    const groups = root === 'api' ? [''] : this.#groupNames();
    const items = groups.map((name) => ({
      metadata: { name: name || null, creationTimestamp: null },
      versions: this.#versionsOf(name).map((version) => ({
        version,
        resources: this.#kindsOf(name, version).map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
    return { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items };
  }

  /** Where its documents are. */
  paths(): string[] {
    const versionsAt = (root: string, group: string) => this.#versionsOf(group).map((version) => `${root}/${version}`);
    const groups = this.#groupNames().flatMap((name) => [`/apis/${name}`, ...versionsAt(`/apis/${name}`, name)]);
    return ['/api', ...versionsAt('/api', ''), '/apis', ...groups];
  }

  hasGroup(name: string): boolean {
    return this.#kinds.some(({ group }) => group === name);
  }

  #groupNames(): string[] {
    return [...new Set(this.#kinds.map(({ group }) => group))].filter((group) => group !== '');
  }

  /** The one that clients should prefer first: the newest. */
  #versionsOf(name: string): string[] {
    const versions = new Set(this.#kinds.filter(({ group }) => group === name).map(({ version }) => version));
    return [...versions].sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  }

  #kindsOf(group: string, version: string): Kind[] {
    return this.#kinds.filter((kind) => kind.group === group && kind.version === version);
  }

  #group(name: string) {
    const versions = this.#versionsOf(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #resources(group: string, version: string): object | undefined {
    const kinds = this.#kindsOf(group, version);
    if (kinds.length === 0) return undefined;
    const resources = kinds.flatMap((kind) => [
      resource(kind),
      ...subresourcesOf(kind).map((each) => subresource(kind, each)),
    ]);
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources };
  }
}

function coreVersions(serverAddress: string): object {
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }];
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
}

/** Short names and categories, where there are any. */
const nicknames = ({ shortNames, categories }: Kind) => ({
  ...(shortNames && { shortNames }),
  ...(categories && { categories }),
});

function resource(kind: Kind): object {
  const { plural, singular, namespaced } = kind;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind: kind.kind,
    verbs: verbsOf(kind),
    ...nicknames(kind),
  };
}

/** The group and version of what goes over the wire is told where it is not that of the document. */
function subresource(parent: Kind, { name, verbs, kind = parent }: Subresource): object {
  const { group, version } = kind;
  const isOfAnother = apiVersionOf(kind) !== apiVersionOf(parent);
  return {
    name: `${parent.plural}/${name}`,
    singularName: '',
    namespaced: parent.namespaced,
    kind: kind.kind,
    ...(isOfAnother && { group, version }),
    verbs,
  };
}

function aggregatedResource(kind: Kind): object {
  const { group, version, plural, singular, namespaced } = kind;
  const subresources = subresourcesOf(kind).map(({ name, verbs, kind: own }) => ({
    subresource: name,
    responseKind: own ?? { group, version, kind: kind.kind },
    verbs,
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind: kind.kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(kind),
    ...nicknames(kind),
    ...(subresources.length > 0 && { subresources }),
  };
}
