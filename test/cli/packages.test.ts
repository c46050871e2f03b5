// Which packages the scripts ask for, on distributions that differ: a real apt that knows only what a case offers. Nothing is installed.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand, tryCommand } from '../bench/command.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wherry-packages-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** The settings of an apt that has these packages to offer, and has never looked what there is. */
async function aptThatOffers(names: readonly string[], pinned: readonly string[]): Promise<string> {
  const home = await mkdtemp(join(folder, 'apt-'));
  for (const each of ['repository', 'state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(home, each), { recursive: true });
  const about = (name: string) => `Package: ${name}\nVersion: 1\nArchitecture: all\nFilename: ./${name}.deb\nSize: 1\n`;
  const pin = (name: string) => `Package: ${name}\nPin: version *\nPin-Priority: -1\n`;
  const files = {
    'repository/Packages': names.map(about).join('\n'),
    'sources.list': `deb [trusted=yes] file:${home}/repository ./\n`,
    preferences: pinned.map(pin).join('\n'),
    status: '',
    'apt.conf': `Dir::State "${home}/state"; Dir::State::status "${home}/status"; Dir::Cache "${home}/cache";
      Dir::Etc::SourceList "${home}/sources.list"; Dir::Etc::SourceParts "-"; Dir::Etc::Preferences "${home}/preferences";
      Dir::Etc::PreferencesParts "-"; APT::Sandbox::User "root";`,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(home, name), content);
  return join(home, 'apt.conf');
}

/** Of a machine that has neither kubectl nor npm. */
const cases: {
  on: string;
  offers: string[];
  pinned?: string[];
  snap?: 'works' | 'fails';
  says: RegExp;
  code?: number;
}[] = [
  { on: 'Debian', offers: ['kubernetes-client'], says: /^apt installs kubernetes-client\napt installs npm\n/ },
  { on: 'Debian with snaps', offers: ['kubernetes-client'], snap: 'works', says: /^apt installs kubernetes-client\n/ },
  {
    on: "Ubuntu with Kubernetes' own repository",
    offers: ['kubectl'],
    says: /^apt installs kubectl\napt installs npm\n/,
  },
  {
    on: 'Ubuntu',
    offers: [],
    snap: 'works',
    says: /^Installing the snap of kubectl\nsnap wait system seed\.loaded\nsnap install --classic kubectl\napt installs npm\n/,
  },
  {
    on: 'a Debian that is told not to take it',
    offers: ['kubernetes-client'],
    pinned: ['kubernetes-client'],
    snap: 'works',
    says: /^Installing the snap of kubectl\n/,
  },
  // Nothing else is installed, either.
  { on: 'Ubuntu without snaps', offers: [], says: /^kubectl is not here.*put one onto the PATH.*\n$/, code: 1 },
  {
    on: 'Ubuntu without a way to the snaps',
    offers: [],
    snap: 'fails',
    says: /snap install --classic kubectl\nkubectl is not here.*put one onto the PATH.*\n$/,
    code: 1,
  },
];

for (const { on, offers, pinned = [], snap, says, code = 0 } of cases) {
  test(`kubectl on ${on}`, async () => {
    const script = `set -eu
      . ${root}/scripts/machine.sh
      as_root() { "$@"; }
      has() { case $1 in kubectl | npm) false ;; snap) ${snap !== undefined} ;; *) true ;; esac; }
      install_packages() { [ $# = 0 ] || say "apt installs $*"; }
      snap() { say "snap $*" >&2; [ "$1 ${snap}" != 'install fails' ]; }
      ensure_packages 2>&1`;
    const env = { ...process.env, APT_CONFIG: await aptThatOffers(['docker.io', 'npm', ...offers], pinned) };
    const outcome = await tryCommand('sh', ['-c', script, `${root}/scripts/up`], { env });
    assert.match(outcome.stdout, says, outcome.stderr);
    assert.equal(outcome.code, code);
  });
}

test("a kubectl of one's own is found where root would look elsewhere", async () => {
  const own = join(folder, 'own');
  await mkdir(own);
  await writeFile(join(own, 'kubectl'), '#!/bin/sh\necho "$KUBECONFIG: $*"\n', { mode: 0o755 });
  const script = `. ${root}/scripts/machine.sh
    as_root() { PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
    ensure_kubectl
    wherry_kubectl get nodes`;
  const env = { ...process.env, PATH: `${own}:${process.env.PATH}` };
  const { stdout } = await runCommand('sh', ['-c', script, `${root}/scripts/up`], { env });
  assert.equal(stdout, '/etc/wherry/kubeconfig: get nodes\n');
});

test('the demo image is whole where apt speaks another language', async () => {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const german = `#!/bin/sh\n/usr/bin/apt-cache "$@" | if [ "$LC_ALL" = C ]; then cat; else sed 's/Depends:/Hängt ab von:/'; fi\n`;
  await writeFile(join(bin, 'apt-cache'), german, { mode: 0o755 });
  const tar = join(folder, 'image.tar');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, LC_ALL: 'C.UTF-8', LANGUAGE: 'de' };
  await runCommand(join(root, 'scripts/demo-image'), ['--tar', tar], { env, timeoutMs: 300_000 });
  const { stdout } = await runCommand('tar', ['-tf', tar]);
  assert.ok(stdout.split('\n').includes('./etc/nginx/mime.types'));
});
