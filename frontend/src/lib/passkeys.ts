import { Problem } from '#lib/api/http.ts';
import { t } from '#lib/i18n/index.svelte.ts';

type Json = { [key: string]: unknown };

/** Whether this browser speaks WebAuthn with JSON (level 3). */
export function canUsePasskeys(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && 'parseCreationOptionsFromJSON' in PublicKeyCredential;
}

/** The person closed the window of the device, or it has no such key: a sentence, not a fault. */
async function asked(work: Promise<Credential | null>): Promise<Json> {
  try {
    const credential = (await work) as PublicKeyCredential | null;
    if (credential) return credential.toJSON() as unknown as Json;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === 'InvalidStateError') throw new Problem(0, 'passkey-known', t().signIn.passkeyKnown);
  }
  throw new Problem(0, 'passkey-cancelled', t().signIn.passkeyCancelled);
}

/** Let the device make a key; its public half, for the API. */
export async function createPasskey(options: Json): Promise<Json> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  return asked(navigator.credentials.create({ publicKey }));
}

/** Let the device answer with one of its keys. */
export async function presentPasskey(options: Json): Promise<Json> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  return asked(navigator.credentials.get({ publicKey }));
}
