// A tar archive (ustar) of one executable file, all that an image of ours needs.

const blockSize = 512;

export function tarOfExecutable(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(blockSize);
  header.write(name, 0);
  header.write('0000755\0', 100); // mode
  header.write('0000000\0', 108); // owner
  header.write('0000000\0', 116); // group
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136); // modified: never, so that the image is the same everywhere
  header.write(' '.repeat(8), 148); // the checksum counts itself as spaces
  header.write('0', 156); // a regular file
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * blockSize)]);
}
