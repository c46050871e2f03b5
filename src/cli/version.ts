// wherry version: the program and the API it speaks.
import type { Command } from 'commander';
import { kubernetesVersion } from '../apiserver/version.ts';

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(`wherry 0.1.0 (Kubernetes API ${kubernetesVersion}, Node ${process.version})`));
}
