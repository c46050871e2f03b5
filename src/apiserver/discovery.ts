// What the server serves, as clients ask for it: groups, versions, resources.
import { apiVersionOf, type Kind } from '../api/kinds/kind.ts';

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export class Discovery {
  readonly #kinds: readonly Kind[];

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** The document at the path, if it is one of discovery's. */
  document(path: string, serverAddress: string): object | undefined {
    const [root, group, version, ...rest] = path.split('/').filter((part) => part !== '');
    if (root === 'api' && rest.length === 0 && version === undefined) {
      if (group === undefined) return this.#coreVersions(serverAddress);
      return this.#resources('', group);
    }
    if (root !== 'apis' || rest.length > 0) return undefined;
    if (group === undefined)
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groupNames().map((name) => this.#group(name)) };
    if (!this.#groupNames().includes(group)) return undefined;
    if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group) };
    return this.#resources(group, version);
  }

  #groupNames(): string[] {
    return [...new Set(this.#kinds.map(({ group }) => group))].filter((group) => group !== '');
  }

  #coreVersions(serverAddress: string): object {
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
    };
  }

  #group(name: string) {
    const versions = [...new Set(this.#kinds.filter(({ group }) => group === name).map(({ version }) => version))].map(
      (version) => ({
        groupVersion: `${name}/${version}`,
        version,
      }),
    );
    return { name, versions, preferredVersion: versions[0] };
  }

  #resources(group: string, version: string): object | undefined {
    const kinds = this.#kinds.filter((kind) => kind.group === group && kind.version === version);
    if (kinds.length === 0) return undefined;
    const resources = kinds.flatMap(resourcesOf);
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources };
  }
}

function resourcesOf(kind: Kind): object[] {
  const { plural, singular, namespaced, shortNames, categories } = kind;
  const own = {
    name: plural,
    singularName: singular,
    namespaced,
    kind: kind.kind,
    verbs: objectVerbs,
    ...(shortNames && { shortNames }),
    ...(categories && { categories }),
  };
  const status = kind.hasStatus ? [{ name: 'status', verbs: ['get', 'patch', 'update'] }] : [];
  const subresources = [...status, ...(kind.subresources ?? [])].map((subresource) => ({
    name: `${plural}/${subresource.name}`,
    singularName: '',
    namespaced,
    kind: kind.kind,
    ...('kind' in subresource && subresource.kind),
    verbs: subresource.verbs,
  }));
  return [own, ...subresources];
}
