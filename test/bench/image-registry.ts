// A registry of one image, as a program for a host of a test: image-registry.ts PORT TAR NAME. Its image is NAME:1, made of the
// root file system in the tar file. Stopped in its tracks (SIGSTOP) it is a registry that hangs.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

const [port = '5000', tar = '', name = ''] = process.argv.slice(2);
const digestOf = (content: Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

const files = readFileSync(tar);
const layer = gzipSync(files, { level: 1 });
const config = Buffer.from(
  JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(files)] },
  }),
);
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: config.length,
      digest: digestOf(config),
    },
    layers: [
      {
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        size: layer.length,
        digest: digestOf(layer),
      },
    ],
  }),
);
const answers = new Map<string, { type: string; content: Buffer }>([
  ['/v2/', { type: 'application/json', content: Buffer.from('{}') }],
  [`/v2/${name}/manifests/1`, { type: manifestType, content: manifest }],
  [`/v2/${name}/manifests/${digestOf(manifest)}`, { type: manifestType, content: manifest }],
  [`/v2/${name}/blobs/${digestOf(config)}`, { type: 'application/octet-stream', content: config }],
  [`/v2/${name}/blobs/${digestOf(layer)}`, { type: 'application/octet-stream', content: layer }],
]);

const server = createServer(({ method, url = '' }, response) => {
  const answer = answers.get(url);
  if (!answer) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': answer.type,
    'content-length': answer.content.length,
    'docker-content-digest': digestOf(answer.content),
    'docker-distribution-api-version': 'registry/2.0',
  });
  response.end(method === 'HEAD' ? undefined : answer.content);
});
server.listen(Number(port), () => console.log('listening'));
