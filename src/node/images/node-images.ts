// What a node tells of the images that it has: the scheduler likes to place a pod where its image is.
import type { Node } from '../../api/kinds/node.ts';
import type { ImageInfo } from './image-store.ts';

export type NodeImages = NonNullable<Node['status']['images']>;

const mostImages = 50;
const mostNames = 5;

/** The biggest ones, with their digests before their tags. */
export function nodeImages(images: readonly ImageInfo[]): NodeImages {
  return images
    .filter(({ tags, digests }) => tags.length + digests.length > 0)
    .sort((one, other) => other.sizeBytes - one.sizeBytes)
    .slice(0, mostImages)
    .map(({ tags, digests, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, mostNames), sizeBytes }));
}
