// The sources as they import each other: read as text, so that the check needs nothing of what it checks.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Import {
  /** A file of ours from the root ("src/api/meta.ts"), or a package ("node:fs", "yaml"). */
  target: string;
  isTypeOnly: boolean;
}

export interface Source {
  /** From the root. */
  file: string;
  text: string;
  imports: Import[];
}

const importForm = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g;

export function readSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readSource(join(folder, name)))
    .sort((one, other) => (one.file < other.file ? -1 : 1));
}

function readSource(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8');
  const imports = [...text.matchAll(importForm)].map(([, type, named, dynamic]): Import => {
    const specifier = named ?? dynamic ?? '';
    const target = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    return { target, isTypeOnly: type !== undefined };
  });
  return { file, text, imports };
}

/** The room a file of src/ stands in: its folder, or its own name at the top. */
export function roomOf(file: string): string {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

export const isTest = (file: string): boolean => /\.(test|contract)\.ts$/.test(file);
