package files

import (
	"fmt"
	"os"
	"strings"
	"time"

	"bulle/device/client"
	"bulle/device/client/attachment"
	"bulle/device/terminal/lang"
)

// About says in a few words what a file is that was sent as something to look at or
// listen to: "photo 1200x800", "voice 0:12"; "" for any other.
func About(l lang.Lang, f *client.FileInfo) string {
	shown := f.Shown
	switch {
	case shown.Voice:
		return l.Say("voice %s", "message vocal %s", clock(shown.Duration))
	case strings.HasPrefix(f.MediaType, "video/") && shown.Duration > 0:
		return l.Say("video %s", "vidéo %s", clock(shown.Duration))
	case strings.HasPrefix(f.MediaType, "image/") && shown.Width > 0 && shown.Height > 0:
		return l.Say("photo %dx%d", "photo %dx%d", shown.Width, shown.Height)
	}
	return ""
}

func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// look tells how large a picture is, by its own first bytes.
func look(f *os.File) client.Shown {
	head := make([]byte, attachment.ChunkSize)
	n, _ := f.ReadAt(head, 0) // what cannot be read is found when it is sent
	p := attachment.ReadPicture(head[:n])
	return client.Shown{Width: p.Width, Height: p.Height}
}
