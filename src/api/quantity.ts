// Kubernetes quantities ("500m", "64Mi", "1e3"): parsed to numbers, written in canonical short form.

const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const form = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d+))?$/;

/** The number a quantity stands for, or undefined where the text is none. */
export function parseQuantity(quantity: string | number): number | undefined {
  const match = form.exec(String(quantity));
  if (!match) return undefined;
  const [, digits = '', suffix = '', exponent] = match;
  return Number(digits) * (exponent === undefined ? (factors[suffix] ?? 1) : 10 ** Number(exponent));
}

/** CPU in thousandths of a core, rounded up as Kubernetes does. */
export function milliCpu(quantity: string | number | undefined): number {
  return Math.ceil((parseQuantity(quantity ?? 0) ?? 0) * 1000 - 1e-9);
}

/** Whole bytes, or whole things of any countable resource. */
export function wholeUnits(quantity: string | number | undefined): number {
  return Math.ceil((parseQuantity(quantity ?? 0) ?? 0) - 1e-9);
}

/** Kibibytes, the unit in which Kubernetes' nodes state memory and disk. */
export function formatKibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
