// Prefers the nodes that have the pod's images already, the larger the better. An image that few nodes have counts for less,
// so that not all of its pods gather there.
import { best, type Score } from './score.ts';

const mebibyte = 2 ** 20;
const leastBytes = 23 * mebibyte;
const mostBytesEach = 1000 * mebibyte;

export const imageLocalityScore: Score = {
  name: 'ImageLocality',
  of: ({ pod }, rooms, cluster) => {
    const { containers, initContainers = [] } = pod.spec;
    const images = [...initContainers, ...containers].map(({ image = '' }) => withTag(image));
    const known = images.filter((image) => cluster.nodesWithImage(image) > 0);
    if (known.length === 0) return undefined;
    const mostBytes = mostBytesEach * images.length;
    return rooms.map((room) => {
      const bytes = known.reduce((sum, image) => {
        const spread = cluster.nodesWithImage(image) / cluster.rooms.length;
        return sum + Math.floor((room.images.get(image) ?? 0) * spread);
      }, 0);
      const counted = Math.min(Math.max(bytes, leastBytes), mostBytes);
      return Math.floor((best * (counted - leastBytes)) / (mostBytes - leastBytes));
    });
  },
};

/** As nodes tell of images. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
