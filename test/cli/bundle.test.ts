// The archives that hosts are installed from, for this machine's architecture and for the other one: whole by their checksums, with a Node
// for the processor that they are for. That of the other architecture is looked at and not run: there is no such machine here.
import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand, tryCommand } from '../bench/command.ts';

const root = join(import.meta.dirname, '../..');
/** The processor in the head of an ELF file. */
const processors = { x64: 0x3e, arm64: 0xb7 };
type Architecture = keyof typeof processors;

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-bundle-'));
});
after(async () => await rm(directory, { recursive: true, force: true }));

const made = new Map<Architecture, Promise<string>>();
/** Its folder. Each is made once. */
function unpacked(architecture: Architecture): Promise<string> {
  const folder = made.get(architecture) ?? unpack(architecture);
  made.set(architecture, folder);
  return folder;
}

async function unpack(architecture: Architecture): Promise<string> {
  const { stdout } = await runCommand(join(root, 'scripts/bundle'), ['--archive', architecture], {
    timeoutMs: 600_000,
  });
  const archive = join(root, stdout.trim());
  await runCommand('tar', ['-xzf', archive, '-C', directory]);
  return join(directory, basename(archive, '.tar.gz'));
}

/** For which processor a file is; undefined where it is no program. */
async function processorOf(file: string): Promise<number | undefined> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(20), 0, 20, 0);
    const isProgram = bytesRead === 20 && buffer.toString('latin1', 0, 4) === '\x7fELF';
    return isProgram ? buffer.readUInt16LE(18) : undefined;
  } finally {
    await handle.close();
  }
}

for (const architecture of Object.keys(processors) as Architecture[])
  test(`the bundle for ${architecture} is whole, and all programs in it are for that processor`, async () => {
    const folder = await unpacked(architecture);
    assert.equal((await readFile(join(folder, 'ARCHITECTURE'), 'utf8')).trim(), architecture);
    await runCommand('sha256sum', ['--check', '--quiet', '--strict', 'SHA256SUMS'], { cwd: folder });
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const summed = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trim().split('\n').length;
    assert.equal(summed, files.length - 1, 'every file but the list itself');
    const programs = [];
    for (const file of files) {
      const processor = await processorOf(file);
      if (processor !== undefined) programs.push([basename(file), processor]);
    }
    assert.deepEqual(programs, [['node', processors[architecture]]]);
  });

test('one for another processor says so before it does anything', async () => {
  const other = process.arch === 'x64' ? 'arm64' : 'x64';
  const { code, stderr } = await tryCommand(join(await unpacked(other), 'install.sh'), ['server']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`bundle is for ${other} and this host is ${process.arch}: take the one for ${process.arch}`),
  );
});
