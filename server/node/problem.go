package node

import (
	"errors"
	"syscall"
)

// A StartError says why a relay cannot start. Screens word it by its problem; Error is
// for logs and other programs.
type StartError struct {
	Problem Problem
	Subject string // what it is about: a path, a key of the configuration, an address
	Detail  string // the value that is wrong, or the system's word for what failed
	cause   error
}

// A Problem is what a person has to do something about.
type Problem uint8

// The problems of a configuration.
const (
	NoData                Problem = iota + 1 // data directory not named
	BadListen                                // Detail is not HOST:PORT
	BadAddress                               // Detail is not HOST:PORT as others reach it
	BadStore                                 // Detail is no store
	BadNumber                                // Subject is negative: Detail
	BadDrain                                 // Detail is no duration, or beyond an hour
	FileUnreadable                           // Subject cannot be read: Detail
	FileTooLarge                             // Subject is larger than 64 KiB
	FileSyntax                               // Subject is not JSON at line Detail
	FileValue                                // Subject: key Detail has a value of another type
	FileKey                                  // Subject: key Detail does not exist
	FileShape                                // Subject is not exactly one object
	ListenFailed                             // Subject cannot be listened on: Detail
	FileTwice                                // Subject: key Detail stands there twice
	BadSize                                  // Subject is no size: Detail
	QuotaExceedsTotal                        // Subject is larger than Detail
	ReserveWithoutDisk                       // Subject makes no sense with the store Detail
	BadName                                  // Subject: Detail is neither a host name nor an address
	PairIncomplete                           // Subject without Detail, or the reverse
	GuideWithoutAuthority                    // Subject is for an authority, and there is none with Detail
	BadMDNS                                  // Subject: Detail is no name below .local
	DirectoryMissing                         // Subject without Detail, or the reverse
	BadDirectory                             // Subject: Detail is no https URL
	TwoCertificates                          // Subject and Detail exclude each other
)

// The problems of a data directory.
const (
	DataUnusable     Problem = iota + 32 // Subject cannot be made, read or written: Detail
	DataForeign                          // Subject is not empty and not a relay's
	DataInUse                            // another relay runs on Subject
	DataReadable                         // others may read the secret file Subject
	KeyDamaged                           // Subject holds no key
	TokenDamaged                         // Subject holds no token
	LogDamaged                           // the governance log Subject is damaged
	StoreUnusable                        // the store Subject cannot be opened: Detail
	StoreGone                            // the store Subject is not there, and the relay has members
	AuthorityDamaged                     // Subject holds no authority
	PinDamaged                           // Subject holds no pin
	KeyChanged                           // the relay of Subject had another key, which its members know
	AccountDamaged                       // Subject holds no account
)

// The problems of certificates. A running relay tells of them too, and goes on.
const (
	CertificateUnreadable Problem = iota + 64 // Subject cannot be read: Detail
	CertificateBad                            // Subject and Detail are not a certificate and its key
	CertificateOtherKey                       // Subject is for another key than the one in use
	NamesOutside                              // the authority may not speak for Subject
	AuthorityEnded                            // the authority is too old
	NameTaken                                 // others on the network have the name that was wanted; the relay is Subject, or nothing
	ACMEFailed                                // the authority gave no certificate: Detail
)

// Problems returns every kind, in order.
func Problems() []Problem {
	var all []Problem
	for k := range Problem(128) {
		if k.String() != "" {
			all = append(all, k)
		}
	}
	return all
}

// Config reports whether the configuration is at fault, not the data.
func (k Problem) Config() bool { return k < DataUnusable }

// String says in English what the kind is.
func (k Problem) String() string {
	names := [...]string{
		NoData: "no data directory is named", BadListen: "listen is not HOST:PORT", BadAddress: "address is not HOST:PORT",
		BadStore: "store is unknown", BadNumber: "number is negative", BadDrain: "drain is not a duration up to 1h",
		FileUnreadable: "config file cannot be read", FileTooLarge: "config file is too large",
		FileSyntax: "config file is not JSON, line", FileValue: "config file has a value of another type",
		FileKey: "config file has an unknown key", FileShape: "config file is not one object",
		ListenFailed: "address cannot be listened on", FileTwice: "config file has a key twice", BadSize: "size is not like 20GiB",
		QuotaExceedsTotal: "quota is larger than the total", ReserveWithoutDisk: "reserve is of a disk, and the store has none",
		BadName: "neither a host name nor an address", PairIncomplete: "certificate and key go together",
		GuideWithoutAuthority: "guide is for the relay's own authority, which it has not", BadMDNS: "not a name like bulle.local",
		DirectoryMissing: "domains and directory go together", BadDirectory: "directory is not an https URL", TwoCertificates: "only one of them",

		DataUnusable: "data directory cannot be used", DataForeign: "data directory is of something else",
		DataInUse: "data directory is in use by another relay", DataReadable: "secret file can be read by others",
		KeyDamaged: "TLS key is damaged", TokenDamaged: "claim token is damaged", LogDamaged: "governance log is damaged",
		StoreUnusable: "store cannot be opened", StoreGone: "store is gone", AuthorityDamaged: "authority is damaged",
		PinDamaged: "pin is damaged", KeyChanged: "key is another than before", AccountDamaged: "account is damaged",

		CertificateUnreadable: "certificate cannot be read", CertificateBad: "not a certificate and its key",
		CertificateOtherKey: "new certificate is for another key", NamesOutside: "authority may not speak for",
		AuthorityEnded: "authority has ended", NameTaken: "name on the network is taken", ACMEFailed: "authority gave no certificate",
	}
	if int(k) >= len(names) {
		return ""
	}
	return names[k]
}

// Error says in one English line what is wrong.
func (p *StartError) Error() string {
	line := p.Problem.String()
	for _, part := range []string{p.Subject, p.Detail} {
		if part != "" {
			line += ": " + part
		}
	}
	return line
}

// Unwrap gives the cause to errors.Is.
func (p *StartError) Unwrap() error { return p.cause }

func problem(k Problem, subject, detail string) error {
	return &StartError{Problem: k, Subject: subject, Detail: detail}
}

// failed is a problem whose detail is the system's word for what failed.
func failed(k Problem, subject string, err error) error {
	detail := err.Error()
	var number syscall.Errno
	if errors.As(err, &number) {
		detail = number.Error() // without the path, which the subject has already
	}
	return &StartError{Problem: k, Subject: subject, Detail: detail, cause: err}
}
