// wherry image: images of this host, for networks from which no registry is reached.
import type { Command } from 'commander';
import { dockerSocketFlag, withFlags } from './options.ts';

export function addImageCommand(program: Command): void {
  const image = program.command('image').summary('images of this host').description('Images of this host.');
  withFlags(image.command('import'), [dockerSocketFlag])
    .argument('<files...>', 'archives as `docker save` writes them, plain or compressed')
    .summary('load images from files, for a host that reaches no registry')
    .description(
      `Load images from files into this host's Docker Engine. A pod finds them where its imagePullPolicy is IfNotPresent
or Never. What has to be there on every start may lie in the agent's --images-dir instead.`,
    )
    .action(async (files: string[], { dockerSocket }: { dockerSocket: string }) => {
      const { DockerImages } = await import('../node/docker/docker-images.ts');
      const { loadArchive } = await import('../node/images/image-folder.ts');
      const store = new DockerImages({ socketPath: dockerSocket });
      for (const file of files) {
        const names = await loadArchive(file, store, new AbortController().signal);
        for (const name of names) console.log(name);
      }
    });
}
