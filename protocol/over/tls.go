//go:build !js

package over

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
)

// Pin returns what a client pins of a relay's certificate: the SHA-256 of its
// SubjectPublicKeyInfo (RFC 7469, section 2.4, names the same hash).
func Pin(cert *x509.Certificate) [32]byte {
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo)
}

// ServerTLS returns what a relay listens with: TLS 1.3 only, hybrid key agreement
// only (X25519 with ML-KEM-768), and no session tickets, which would link the
// circuits of a device. Without a certificate the caller sets GetCertificate.
func ServerTLS(certs ...tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates:                certs,
		MinVersion:                  tls.VersionTLS13,
		CurvePreferences:            []tls.CurveID{tls.X25519MLKEM768},
		NextProtos:                  []string{"http/1.1"},
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}
}

// clientTLS trusts one key and no authority.
func clientTLS(pin [32]byte) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // G402: VerifyConnection compares the key with the pin instead
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return ErrPin
			}
			if have := Pin(s.PeerCertificates[0]); subtle.ConstantTimeCompare(have[:], pin[:]) != 1 {
				return ErrPin
			}
			return nil
		},
		MinVersion:                  tls.VersionTLS13,
		CurvePreferences:            []tls.CurveID{tls.X25519MLKEM768},
		NextProtos:                  []string{"http/1.1"},
		DynamicRecordSizingDisabled: true,
	}
}
