// Kubernetes quantities ("500m", "64Mi", "1e3"): exact, as whole billionths, and written in the one canonical form.

type Format = 'decimal' | 'binary' | 'exponent';

export interface Quantity {
  /** The value in billionths, below which nothing is told apart. */
  readonly nano: bigint;
  /** How it is written, by the family of its suffix. */
  readonly format: Format;
}

/** What a text must look like, as the errors name it. */
export const quantityRule =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimalExponents = new Map(decimalSuffixes.map((suffix, index) => [suffix, 3 * index - 9]));

const nanosInOne = 1_000_000_000n;
const nanosInMilli = 1_000_000n;
const largestOfMany = 2n ** 63n - 1n;
/** Far beyond every thing that can be counted, and small enough to be computed with. */
const largestExponent = 100;

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/;
/** What is canonical at a glance. */
const plainForm = /^[1-9]\d{0,2}(?:[KMGTPE]i|[numkMGTPE])?$/;

/** By suffix what one is of it, in billionths. */
const units = new Map<string, Quantity>([
  ...decimalSuffixes.map((suffix, index) => [suffix, { nano: 1000n ** BigInt(index), format: 'decimal' }] as const),
  ...binarySuffixes
    .slice(1)
    .map((suffix, index) => [suffix, { nano: nanosInOne * 1024n ** BigInt(index + 1), format: 'binary' }] as const),
]);
/** How nearly all quantities are written: a whole number and a unit. */
const wholeForm = /^(\d{1,15})([KMGTPE]i|[numkMGTPE])?$/;

/** The quantity that a text stands for, or undefined where it stands for none. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const whole = wholeForm.exec(String(text));
  const unit = whole && units.get(whole[2] ?? '');
  if (!unit) return parseAnyForm(text);
  return { nano: BigInt(whole[1] ?? 0) * unit.nano, format: unit.format };
}

function parseAnyForm(text: string | number): Quantity | undefined {
  const match = form.exec(String(text));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', binarySuffix, decimalSuffix, exponent] = match;
  const digits = whole + fraction;
  // A suffix without digits is a zero, as Kubernetes reads it.
  if ((digits === '' && !binarySuffix && !decimalSuffix) || Math.abs(Number(exponent ?? 0)) > largestExponent)
    return undefined;
  const power = 9 - fraction.length + (exponent ? Number(exponent) : (decimalExponents.get(decimalSuffix ?? '') ?? 0));
  const factor = binarySuffix ? 1024n ** BigInt(binarySuffixes.indexOf(binarySuffix)) : 1n;
  const magnitude = capped(timesPowerOfTen(BigInt(digits || '0') * factor, power), digits);
  const format = binarySuffix ? 'binary' : exponent ? 'exponent' : 'decimal';
  return { nano: sign === '-' ? -magnitude : magnitude, format };
}

/** Who asks for something gets something: what is finer than a billionth is rounded up. */
function timesPowerOfTen(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  return dividedUp(value, 10n ** BigInt(-power));
}

const dividedUp = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor;
  return value > 0n && quotient * divisor !== value ? quotient + 1n : quotient;
};

function capped(nano: bigint, digits: string): bigint {
  const largest = largestOfMany * nanosInOne;
  return digits.length > 18 && nano > largest ? largest : nano;
}

/** The canonical text: the largest suffix that leaves a whole number. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const isWholeBinary = format === 'binary' && nano % nanosInOne === 0n && abs(nano) >= 1024n * nanosInOne;
  if (isWholeBinary) {
    const { rest, times } = withoutFactor(nano / nanosInOne, 1024n, binarySuffixes.length - 1);
    return `${rest}${binarySuffixes[times]}`;
  }
  const most = format === 'exponent' ? Number.POSITIVE_INFINITY : decimalSuffixes.length - 1;
  const { rest, times } = withoutFactor(nano, 1000n, most);
  if (format !== 'exponent') return `${rest}${decimalSuffixes[times]}`;
  return times === 3 ? `${rest}` : `${rest}e${3 * times - 9}`;
}

const abs = (value: bigint) => (value < 0n ? -value : value);

function withoutFactor(value: bigint, factor: bigint, most: number): { rest: bigint; times: number } {
  let rest = value;
  let times = 0;
  while (times < most && rest % factor === 0n) {
    rest /= factor;
    times++;
  }
  return { rest, times };
}

/** The canonical text of a quantity, or undefined where the text is none. */
export function canonicalQuantity(text: string | number): string | undefined {
  if (typeof text === 'string' && plainForm.test(text)) return text;
  const quantity = parseQuantity(text);
  return quantity && formatQuantity(quantity);
}

/** The canonical text, rounded up to thousandths: what lists of resources hold. A text that is no quantity stays. */
export function roundedToMilli(text: string | number): string {
  const quantity = parseQuantity(text);
  if (!quantity) return String(text);
  return formatQuantity({ ...quantity, nano: dividedUp(quantity.nano, nanosInMilli) * nanosInMilli });
}

/** Below zero where the first is smaller, above where it is larger. */
export function compareQuantities(one: Quantity, other: Quantity): number {
  return one.nano === other.nano ? 0 : one.nano < other.nano ? -1 : 1;
}

/** The sum, written as the first is, unless that is zero. */
export function addQuantities(one: Quantity, other: Quantity): Quantity {
  return { nano: one.nano + other.nano, format: one.nano === 0n ? other.format : one.format };
}

export function subtractQuantities(one: Quantity, other: Quantity): Quantity {
  return addQuantities(one, { ...other, nano: -other.nano });
}

export function isWhole({ nano }: Quantity): boolean {
  return nano % nanosInOne === 0n;
}

/** CPU in thousandths of a core, rounded up as Kubernetes does. */
export function milliCpu(quantity: string | number | undefined): number {
  return Number(dividedUp(parseQuantity(quantity ?? 0)?.nano ?? 0n, nanosInMilli));
}

/** Whole bytes, or whole things of any countable resource. */
export function wholeUnits(quantity: string | number | undefined): number {
  return Number(dividedUp(parseQuantity(quantity ?? 0)?.nano ?? 0n, nanosInOne));
}

/** Kibibytes, the unit in which Kubernetes' nodes state memory and disk. */
export function formatKibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
