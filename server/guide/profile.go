package guide

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
)

// profile is a configuration profile of Apple's systems with one payload of the type
// com.apple.security.root. Its identifiers follow from the certificate, so that
// installing it again replaces it.
func profile(c Config) []byte {
	sum := sha256.Sum256(c.Certificate)
	var b bytes.Buffer
	b.WriteString(xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array><dict>
<key>PayloadCertificateFileName</key><string>bulle-ca.crt</string>
<key>PayloadContent</key><data>` + base64.StdEncoding.EncodeToString(c.Certificate) + `</data>
<key>PayloadDisplayName</key><string>` + escaped(c.Name) + `</string>
<key>PayloadIdentifier</key><string>bulle.ca.` + hex.EncodeToString(sum[:8]) + `.root</string>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadUUID</key><string>` + uuid(sum[:16]) + `</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></array>
<key>PayloadDescription</key><string>SHA-256 ` + escaped(c.Fingerprint) + `</string>
<key>PayloadDisplayName</key><string>` + escaped(c.Name) + `</string>
<key>PayloadIdentifier</key><string>bulle.ca.` + hex.EncodeToString(sum[:8]) + `</string>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>` + uuid(sum[16:]) + `</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></plist>
`)
	return b.Bytes()
}

// uuid writes 16 bytes as a UUID of version 8 (RFC 9562, section 5.8).
func uuid(b []byte) string {
	u := [16]byte(b)
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	s := hex.EncodeToString(u[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
