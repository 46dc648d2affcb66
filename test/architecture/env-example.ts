/** @returns names of the variables of an `.env.example`, also those that are commented out */
export function variablesOf(text: string): readonly string[] {
  return [...text.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name);
}
