// Five characters that nobody takes for a word: what follows a prefix where the server makes up a name.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const length = 5;

export function randomSuffix(): string {
  return Array.from({ length }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('');
}
