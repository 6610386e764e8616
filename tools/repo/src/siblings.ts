// Sources that no test asks for by name, and what tests them instead. Files that only declare types,
// and entry points that only pass names on, need neither.

export const testedElsewhere: Readonly<Record<string, string>> = {};
