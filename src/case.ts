export type RunCaseOptions = object; export type CaseResult = object; export async function runCase(): Promise<void> {}
