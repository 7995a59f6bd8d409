export function verifyAnnex(): void {}
