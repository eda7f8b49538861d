package conversation

import "bulle/protocol/syntax"

// Versions of what the vault keeps. Some records have had two layouts: the second
// is the first and more fields after it. What says nothing that only the second
// can say is written in the first, so that every value has exactly one encoding,
// and what an older program wrote is read, and written again, as it is.

const (
	recordVersion       = 1
	secondRecordVersion = 2
)

func codeVersion(c *syntax.Codec) {
	version := uint8(recordVersion)
	c.Uint8(&version)
	if c.Err() == nil && version != recordVersion {
		c.Fail("a record of version %d", version)
	}
}

// codeVersions codes the version of a record that has had two layouts, and
// reports whether it is in the second. newer says, when writing, whether it must be.
func codeVersions(c *syntax.Codec, newer bool) (second bool) {
	version := uint8(recordVersion)
	if newer {
		version = secondRecordVersion
	}
	c.Uint8(&version)
	if c.Err() == nil && version != recordVersion && version != secondRecordVersion {
		c.Fail("a record of version %d", version)
	}
	return version == secondRecordVersion
}

// checkVersion refuses, once all fields are coded, a record in the layout that is
// not its own: there would be two encodings of it.
func checkVersion(c *syntax.Codec, second, newer bool) {
	if c.Err() == nil && second != newer {
		c.Fail("a record in the layout of another version")
	}
}
