// Docker Engine, and the images that it keeps.
import { type Component, runBeside } from '../base/component.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { DockerImages } from '../node/docker/docker-images.ts';
import { DockerRuntime } from '../node/docker/docker-runtime.ts';
import { UnknownOciRuntime } from '../node/docker/oci-runtimes.ts';
import { ownerOf } from '../node/docker/owner.ts';
import { Images } from '../node/images/images.ts';
import { nodeImages } from '../node/images/node-images.ts';
import { untilDone } from '../node/retry.ts';
import type { AgentParts } from './agent-parts.ts';

export function engine(parts: AgentParts): Component {
  const { options, clock, log, metrics } = parts;
  return {
    name: 'Docker',
    start: async (signal) => {
      const owner = ownerOf(parts.identity.ca, options.nodeName);
      const { dockerSocket: socketPath, pauseImage, ociRuntime, logLimits } = options;
      const dockerLog = log.named('docker');
      const docker = new DockerRuntime({ socketPath, owner, pauseImage, ociRuntime, logLimits, log: dockerLog });
      parts.runtime = metrics.measured(docker);
      parts.whenDockerAnswers = (work) => {
        const failure = `Docker does not answer at ${socketPath}: is it installed and running? Waiting for it`;
        const isFinal = (error: unknown) => error instanceof UnknownOciRuntime;
        return untilDone(work, { clock, log, failure, isFinal }, signal);
      };
      await parts.whenDockerAnswers(() => parts.runtime.prepare());
      await parts.whenDockerAnswers(() => docker.checkOciRuntime());
    },
  };
}

export function imagesOfHost(parts: AgentParts): Component {
  const { options, clock, log } = parts;
  const { nodeName, dataDir, dockerSocket: socketPath, images: settings } = options;
  const imageLog = log.named('images');

  async function listAgain(): Promise<void> {
    parts.imagesOfNode = nodeImages(await parts.images.store.list());
    parts.registration.changed();
  }

  return {
    name: 'images',
    start: async (signal) => {
      const { client } = parts;
      const eventLog = log.named('events');
      const recorder = new EventRecorder({ client, log: eventLog, component: 'kubelet', host: nodeName, clock });
      parts.recorder = recorder;
      parts.images = await Images.open({
        store: new DockerImages({ socketPath }),
        dataDir,
        settings,
        clock,
        log: imageLog,
        onChange: () =>
          void listAgain().catch((error: unknown) => imageLog.warn('the images cannot be listed', { error })),
        tell: (reason, message) => parts.node && recorder.record(parts.node, { type: 'Warning', reason, message }),
      });
      await parts.images.loadFolder(signal);
      parts.imagesOfNode = nodeImages(await parts.whenDockerAnswers(() => parts.images.store.list()));
      runBeside(parts.images.garbage.run(signal), signal, log, 'images');
    },
  };
}
