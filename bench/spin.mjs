// A pure CPU spin: no memory, no files. How much faster two of these finish than one after the other says how much
// of a second core this machine really gives; a scaling figure without it says nothing.
let x = 1;
for (let i = 0; i < 400_000_000; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
// Printed so that the loop cannot be optimised away.
console.log(x);
