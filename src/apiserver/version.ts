// What /version answers.
import { kubernetesVersion } from '../api/version.ts';

const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(kubernetesVersion) ?? [];

export const versionDocument = {
  major,
  minor,
  gitVersion: kubernetesVersion,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-11-20T00:00:00Z',
  goVersion: `node ${process.version}`,
  compiler: 'v8',
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};
