// The steps of admission, run in their order. Who books something that is shared does so one after the other: of many
// writers at once each finds what the one before has left.
import type { Booking } from '../object-storage.ts';
import type { Admission, AdmissionContext, AdmissionStep } from './admission.ts';

export class AdmissionChain {
  readonly #steps: readonly AdmissionStep[];
  readonly #bookers: readonly AdmissionStep[];
  readonly #context: AdmissionContext;
  /** By namespace, the end of the last booking that has begun. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(steps: readonly AdmissionStep[], context: AdmissionContext) {
    this.#steps = steps;
    this.#bookers = steps.filter(({ book }) => book);
    this.#context = context;
  }

  async admit(admission: Admission): Promise<void> {
    for (const step of this.#steps) {
      const waiting = step.admit?.(admission, this.#context);
      if (waiting) await waiting;
    }
  }

  check(admission: Admission): void {
    for (const step of this.#steps) step.check?.(admission, this.#context);
  }

  /** Refuses what there is not enough left for, as a dry run must. */
  book(admission: Admission): Booking[] {
    return this.#bookers.flatMap((step) => step.book?.(admission, this.#context) ?? []);
  }

  /** Writes with what must be booked, in its turn; at once where nothing is to be booked. */
  async write<T>(admission: Admission, write: (bookings: readonly Booking[]) => Promise<T>): Promise<T> {
    if (this.book(admission).length === 0) return write([]);
    const namespace = admission.request.namespace ?? '';
    const before = this.#turns.get(namespace);
    const turn = (async () => {
      await before?.catch(() => {});
      return write(this.book(admission));
    })();
    this.#turns.set(namespace, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(namespace) === turn) this.#turns.delete(namespace);
    }
  }
}
