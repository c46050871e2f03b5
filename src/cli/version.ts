// wherry version: the program and the API it speaks.
import type { Command } from 'commander';
import { kubernetesVersion, programVersion } from '../api/version.ts';

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version')
    .action(() =>
      console.log(`wherry ${programVersion} (Kubernetes API ${kubernetesVersion}, Node ${process.version})`),
    );
}
