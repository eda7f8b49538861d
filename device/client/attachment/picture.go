package attachment

import "encoding/binary"

// A Picture is what the first bytes of a file say that it is.
type Picture struct {
	Type          string // image/jpeg, image/png, image/webp or image/gif; empty: none of these
	Width, Height int    // pixels
}

// ReadPicture tells what picture a file is from its first bytes, whatever its name and
// declared type say. Only formats without scripts and references count. It decodes
// nothing: a picture may still turn out to be broken.
func ReadPicture(head []byte) Picture {
	for _, read := range []func([]byte) Picture{readJPEG, readPNG, readWebP, readGIF} {
		if p := read(head); p.Type != "" && p.Width > 0 && p.Height > 0 {
			return p
		}
	}
	return Picture{}
}

// readPNG reads the IHDR chunk (PNG, third edition, sections 5.2 and 11.2.1).
func readPNG(b []byte) Picture {
	if !begins(b, 0, "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR") || len(b) < 24 {
		return Picture{}
	}
	w, h := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	if w >= 1<<31 || h >= 1<<31 {
		return Picture{}
	}
	return Picture{"image/png", int(w), int(h)}
}

// readGIF reads the logical screen descriptor (GIF89a, section 18).
func readGIF(b []byte) Picture {
	if !begins(b, 0, "GIF87a") && !begins(b, 0, "GIF89a") || len(b) < 10 {
		return Picture{}
	}
	return Picture{"image/gif", int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))}
}

// readJPEG looks for the frame header among the marker segments (ITU T.81, B.1 and
// B.2.2).
func readJPEG(b []byte) Picture {
	if !begins(b, 0, "\xff\xd8\xff") {
		return Picture{}
	}
	for at := 2; at+4 <= len(b) && b[at] == 0xff; {
		marker, size := b[at+1], int(binary.BigEndian.Uint16(b[at+2:]))
		switch {
		case marker == 0xff: // a fill byte
			at++
			continue
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			if at+9 > len(b) {
				return Picture{}
			}
			return Picture{"image/jpeg", int(binary.BigEndian.Uint16(b[at+7:])), int(binary.BigEndian.Uint16(b[at+5:]))}
		case marker < 0xc0, marker >= 0xd0 && marker <= 0xda, size < 2: // no segment may stand here
			return Picture{}
		}
		at += 2 + size
	}
	return Picture{}
}

// readWebP reads the first chunk of the container, or of the bitstream (RFC 9649,
// sections 2.5 to 2.7).
func readWebP(b []byte) Picture {
	if !begins(b, 0, "RIFF") || !begins(b, 8, "WEBPVP8") || len(b) < 30 {
		return Picture{}
	}
	switch {
	case b[15] == ' ' && begins(b, 23, "\x9d\x01\x2a"):
		return Picture{"image/webp", int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)}
	case b[15] == 'L' && b[20] == 0x2f:
		bits := int(binary.LittleEndian.Uint32(b[21:]))
		return Picture{"image/webp", bits&0x3fff + 1, bits>>14&0x3fff + 1}
	case b[15] == 'X':
		side := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
		return Picture{"image/webp", side(b[24:]) + 1, side(b[27:]) + 1}
	}
	return Picture{}
}

func begins(b []byte, at int, with string) bool {
	return len(b) >= at+len(with) && string(b[at:at+len(with)]) == with
}
