/** Faults that a test plants into production code: methods replaced in their class, for a while. */

// biome-ignore-start lint/suspicious/noExplicitAny: who breaks a class knows what is inside of it.
export type Method = (...args: any[]) => any;
export type Insides = Record<string, any>;
// biome-ignore-end lint/suspicious/noExplicitAny: nobody else does.

export class Replacements {
  private readonly repairs: (() => void)[] = [];

  /** Puts another method or getter in the place of one; `make` is given that one. */
  replace<This = Insides>(
    prototype: object,
    name: string,
    make: (old: Method) => (this: This, ...args: never[]) => unknown,
  ): void {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    if (descriptor === undefined) throw new Error(`there is no ${name}`);
    const isGetter = descriptor.get !== undefined;
    const broken = make((isGetter ? descriptor.get : descriptor.value) as Method);
    const changed = isGetter ? { get: broken } : { value: broken };
    Object.defineProperty(prototype, name, { ...descriptor, ...changed });
    this.repairs.push(() => Object.defineProperty(prototype, name, descriptor));
  }

  /** All is as it was. */
  repair(): void {
    for (const repair of this.repairs.splice(0).reverse()) repair();
  }
}
