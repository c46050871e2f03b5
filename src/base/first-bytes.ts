// The beginning of a text that may be of any length, as whole characters.

export function firstBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  // A character that is cut in two waits for its rest, and so is left out.
  return new TextDecoder().decode(bytes.subarray(0, most), { stream: true });
}
