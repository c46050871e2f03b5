// A bundle like another but for one file, as a release that differs is: for upgrades.

/** Two changes of the program that ships: one that does nothing, and one with which no service starts. */
export const programChanges = {
  nextVersion: (mark: string) => `echo "// ${mark}" >>program/wherry.mjs`,
  brokenFor: (role: 'server' | 'agent') =>
    `{ echo "if (process.argv[2] === '${role}') process.exit(3);"; cat program/wherry.mjs; } >y && mv y program/wherry.mjs`,
} as const;

export interface BundleChange {
  /** An unpacked one. */
  readonly bundle: string;
  /** Where the new one is put, beside `folder`.tar; on the same file system. */
  readonly folder: string;
  /** In the program. */
  readonly file: string;
  /** A command. */
  readonly change: string;
}

/** The shell's commands that make it; what is the same is linked. */
export function changedBundle({ bundle, folder, file, change }: BundleChange): string {
  return `set -e; cp -al ${bundle} ${folder}; cd ${folder}; cp program/${file} x; rm program/${file} SHA256SUMS
    mv x program/${file}; ${change}
    find . -type f ! -name SHA256SUMS -printf '%P\\n' | xargs -d '\\n' sha256sum >../sums
    mv ../sums SHA256SUMS; tar -C .. -cf ${folder}.tar "$(basename ${folder})"`;
}
