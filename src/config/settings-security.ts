/**
 * Settings of access control, authentication and TLS. Rows only. A setting that would protect the
 * server and does not work yet is refused instead of ignored: nobody may run less protected than
 * the configuration says.
 */
import type { Setting } from './setting.ts';
import {
  bare,
  flag,
  integer,
  key,
  list,
  noUnlessYes,
  oneOf,
  path,
  property,
  secret,
  text,
} from './setting.ts';

const works = 'works';
const noEffect = 'accepted, no effect';

/** `ssl.` is for clients, `ssl.quorum.` for other servers and for the admin server. */
type Prefixed<P extends string, Rows> = { [K in keyof Rows as `${P}${K & string}`]: Rows[K] };

function prefixed<P extends string, Rows extends Record<string, Setting<unknown>>>(
  prefix: P,
  rows: Rows,
): Prefixed<P, Rows> {
  const renamed = Object.entries(rows).map(([name, row]) => [`${prefix}${name}`, row]);
  return Object.fromEntries(renamed) as Prefixed<P, Rows>;
}

function storeSettings(location: string) {
  const kind = oneOf('', 'JKS', 'PEM', 'PKCS12', 'BCFKS');
  const quiet = true;
  return {
    location: property(path, '', { means: location, quiet }),
    password: property(secret, '', { means: 'Its password.', quiet }),
    passwordPath: property(path, '', { means: 'File with its password; wins.', quiet }),
    type: property(kind, '', { means: 'Its type.', quiet, shownDefault: 'by extension' }),
  };
}

function tlsSettings(who: string, isQuorum: boolean) {
  const quiet = true;
  return {
    ...prefixed('keyStore.', storeSettings(`File with the key, for ${who}.`)),
    ...prefixed('trustStore.', storeSettings(`File with trusted certificates, for ${who}.`)),
    protocol: property(text, 'TLSv1.3', { means: 'Newest TLS version.', quiet }),
    enabledProtocols: property(list, [], {
      means: 'TLS versions that are accepted.',
      quiet,
      shownDefault: 'TLSv1.3, TLSv1.2',
    }),
    ciphersuites: property(list, [], {
      means: 'Cipher suites, by their Java names.',
      quiet,
      shownDefault: 'ECDHE suites and those of TLS 1.3',
    }),
    clientAuth: property(oneOf('need', 'want', 'none'), 'need', {
      means: `Whether ${who} must show a certificate.`,
      quiet,
    }),
    hostnameVerification: property(flag, true, {
      means: 'The host name of the other side must match its certificate.',
      quiet,
    }),
    clientHostnameVerification: property(flag, isQuorum, {
      means: 'The accepting side checks the host name of the connecting side.',
      quiet,
    }),
    allowReverseDnsLookup: property(flag, isQuorum, {
      means: 'Host names may be looked up from addresses.',
      quiet,
    }),
    crl: property(flag, false, { means: 'Revocation lists are checked.', quiet }),
    ocsp: property(flag, false, { means: 'Revocation is checked online; implies crl.', quiet }),
    handshakeDetectionTimeoutMillis: property(integer, 5000, {
      means: 'Time to find out whether a connection speaks TLS.',
      unit: 'ms',
      quiet,
    }),
    'context.supplier.class': property(text, '', {
      means: 'Java class that supplies the TLS context.',
      status: noEffect,
    }),
  };
}

export const securitySettings = {
  skipACL: property(noUnlessYes, false, {
    means: 'With yes, access control lists are not checked.',
    status: works,
  }),
  enableEagerACLCheck: property(flag, false, {
    means: 'A member checks access, by its own tree, before it has the leader decide on a write.',
    status: works,
  }),
  'DigestAuthenticationProvider.enabled': property(flag, true, {
    means: 'The scheme digest is available.',
    status: works,
  }),
  'DigestAuthenticationProvider.superDigest': property(secret, '', {
    means: 'Super user, as super:<base64 of the hash of super:password>.',
    status: works,
    shownDefault: 'none',
  }),
  'DigestAuthenticationProvider.digestAlg': property(text, 'SHA1', {
    means: 'Hash of the ids of the scheme digest, such as SHA1, SHA-256 or SHA3-256.',
    status: works,
  }),
  'IPAuthenticationProvider.usexforwardedfor': property(flag, false, {
    means: 'The admin server takes the address of the client from X-Forwarded-For.',
    quiet: true,
  }),
  'X509AuthenticationProvider.superUser': property(text, '', {
    means: 'Distinguished name of a client certificate that makes a super user.',
    shownDefault: 'none',
  }),
  superUser: property(text, '', {
    means: 'SASL name that makes a super user; further ones as superUser.<n>.',
    shownDefault: 'none',
  }),
  'SASLAuthenticationProvider.superPassword': property(secret, '', {
    means: 'Password of the SASL user super.',
    shownDefault: 'none',
  }),
  letAnySaslUserDoX: property(text, '', {
    means: 'Id in an access control list that stands for every SASL user.',
    shownDefault: 'none',
  }),
  'ssl.authProvider': property(text, 'x509', {
    means: 'Scheme to which client certificates belong.',
    quiet: true,
  }),
  ensembleAuthName: property(list, [], {
    means: 'Names of the ensemble that the scheme ensemble accepts.',
    shownDefault: 'none',
  }),
  sessionRequireClientSASLAuth: property(flag, false, {
    means: 'Requests of clients without SASL are refused.',
    refuseWhileMissing: true,
  }),
  'enforce.auth.enabled': property(flag, false, {
    means: 'Requests of clients without one of enforce.auth.schemes are refused.',
    status: works,
  }),
  'enforce.auth.schemes': property(list, [], {
    means: 'The schemes of which one is demanded.',
    status: works,
    shownDefault: 'none',
  }),
  allowSaslFailedClients: property(flag, false, {
    means: 'A connection stays open after a failed SASL login.',
    quiet: true,
  }),
  'sasl.serverconfig': property(text, 'Server', {
    means: 'Section of the login file for clients.',
    quiet: true,
  }),
  requireKerberosConfig: property(flag, false, {
    means: 'The Java server insists on a Kerberos configuration.',
    status: noEffect,
  }),
  'security.auth_to_local': property(text, 'DEFAULT', {
    means: 'Rules that map Kerberos names.',
    status: noEffect,
  }),
  'fips-mode': property(flag, true, {
    means: 'Switches DIGEST-MD5 and the own trust manager of the Java server off.',
    status: noEffect,
  }),
  'java.security.auth.login.config': bare(path, '', {
    means: 'Login file with the users of SASL DIGEST-MD5.',
    shownDefault: 'none',
  }),
  sslQuorum: key(flag, false, {
    means: 'Servers speak TLS with each other.',
    quiet: true,
  }),
  portUnification: key(flag, false, {
    means: 'The ports between servers accept both TLS and plain connections.',
    quiet: true,
  }),
  sslQuorumReloadCertFiles: key(flag, false, {
    means: 'Changed key and trust files between servers are read again.',
    quiet: true,
  }),
  'client.portUnification': property(flag, false, {
    means: 'The client port accepts both TLS and plain connections.',
  }),
  'client.certReload': property(flag, false, {
    means: 'Changed key and trust files for clients are read again.',
    quiet: true,
  }),
  ...prefixed('ssl.', tlsSettings('clients', false)),
  ...prefixed('ssl.quorum.', tlsSettings('other servers', true)),
  'ssl.sslProvider': property(text, 'JDK', {
    means: 'TLS library of the Java server.',
    status: noEffect,
    aliases: ['sslProvider'],
  }),
};
