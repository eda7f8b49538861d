package terminal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
)

func (f *fake) clock() time.Time { return f.now }

// office is a world with a bit of everything.
func office() (*fake, *fakeRoom, *fakeRoom) {
	f := newFake()
	bob := f.addContact(2, "Bob", true)
	lea := f.addContact(3, "Léa", false)
	f.addContact(4, "山田太郎", false)
	direct := f.addRoom(20, client.KindDirect, "Bob", bob)
	group := f.addRoom(21, client.KindGroup, "Project X", bob, lea)
	f.change(group, f.self, client.Change{Kind: client.ChangeCreated, Name: "Project X"}, 50*time.Hour)
	f.say(group, lea, "Bonjour à tous 👋", 49*time.Hour, client.StateRead)
	f.say(group, f.self, "Welcome!", 48*time.Hour, client.StateRead)
	f.file(group, lea, "budget 2026.ods", []byte(strings.Repeat("x", 123456)), 26*time.Hour, client.StateDelivered)
	f.say(direct, f.self, "Shall we meet at nine tomorrow, in front of the station where we met the last time?", 30*time.Minute, client.StateRead)
	f.say(direct, bob, "Yes. I bring the papers.\nBoth copies.", 10*time.Minute, client.StateRead)
	f.say(direct, f.self, "Good", 3*time.Minute, client.StateDelivered)
	f.say(direct, f.self, "See you", 2*time.Minute, client.StateRelayed)
	return f, direct, group
}

func TestFirstScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 80, 24)
		s.golden("list")
		s.keys("?")
		s.golden("help")
		s.keys("esc", "down", "enter")
		s.golden("group")
	})
}

func TestNobodyYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := show(t, f, french(), 80, 24)
		s.golden("empty-fr")
		s.keys("n")
		s.contains("bulle invite")
	})
}

func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, direct, _ := office()
		s := show(t, f, english(), 80, 24)
		s.keys("enter")
		s.golden("conversation")
		s.typing("On my way")
		s.keys("alt+enter")
		s.typing("now")
		s.golden("writing")
		s.keys("enter")
		s.contains("On my way", "queued")
		s.golden("queued")
		sent := direct.messages[len(direct.messages)-1]
		sent.State = client.StateRead
		f.events <- client.Event{Kind: client.EventState, Conversation: direct.conv.ID, Message: &sent}
		s.settle()
		s.lacks("queued")
	})
}

func TestFrenchConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, french(), 80, 24)
		s.keys("enter")
		s.golden("conversation-fr")
	})
}

func TestUnreadIsMarkedUntilSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, direct, group := office()
		s := show(t, f, english(), 80, 24)
		s.contains("● 1")
		s.send(tea.BlurMsg{})
		s.keys("down", "enter")
		s.contains("New")
		if f.read[group.conv.ID] != 0 {
			t.Error("read while the person was away")
		}
		s.send(tea.FocusMsg{})
		if f.read[group.conv.ID] == 0 {
			t.Error("not read although in sight")
		}
		s.lacks("● 1")
		// A message for the conversation that is not open counts as unread and does not show.
		msg := f.say(direct, f.contacts[0], "Are you there?", 0, client.StateDelivered)
		f.events <- client.Event{Kind: client.EventMessage, Conversation: direct.conv.ID, Message: &msg}
		s.settle()
		s.contains("● 1", "Are you there?")
		s.keys("alt+u")
		s.contains("Bob", "Are you there?")
		s.lacks("● 1")
	})
}

func TestHostileTextDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		evil := f.addContact(9, "Eve\x1b[2J\u202e", false)
		r := f.addRoom(20, client.KindDirect, evil.Name, evil)
		f.say(r, evil, "\x1b]0;owned\x07\x1b[31mred\u009b5m\u202e"+strings.Repeat("\u0301", 500)+"\r\nx\tend", 0, client.StateRead)
		f.file(r, evil, "../../\x1b[1mannexe\u202efdp.exe", []byte("x"), 0, client.StateRead)
		s := show(t, f, english(), 80, 24)
		s.keys("enter")
		s.golden("hostile")
		s.keys("ctrl+p")
		s.keys("esc", "ctrl+s")
		s.check()
	})
}

func TestEverySizeHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, direct, _ := office()
		f.say(direct, f.contacts[0], strings.Repeat("長い文章 with words and 👩‍👩‍👧 ", 40), time.Minute, client.StateRead)
		s := show(t, f, french(), 80, 24)
		for _, keys := range [][]string{nil, {"enter"}, {"up"}, {"f1"}, {"esc", "ctrl+f", "w"}, {"esc", "ctrl+n"}, {"esc", "ctrl+o"}, {"esc", "ctrl+p"}, {"esc", "tab"}} {
			s.keys(keys...)
			for width := 1; width <= 130; width += 7 {
				for height := 1; height <= 40; height += 3 {
					s.send(tea.WindowSizeMsg{Width: width, Height: height})
				}
			}
		}
	})
}

func TestNarrowWindowShowsOneSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 40, 14)
		s.golden("narrow-list")
		s.keys("enter")
		s.golden("narrow-conversation")
		s.keys("esc")
		s.contains("Project X")
	})
}

func TestWithoutUTF8(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		cfg := english()
		cfg.Environ = []string{"LANG=C"}
		s := show(t, f, cfg, 80, 24)
		s.keys("enter")
		for _, r := range s.text() {
			if r > 0x7f && !strings.ContainsRune("é山田太郎à👋", r) {
				t.Errorf("%q is drawn on an ASCII terminal", r)
			}
		}
	})
}

func TestLongHistoryComesInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		bob := f.addContact(2, "Bob", false)
		r := f.addRoom(20, client.KindDirect, "Bob", bob)
		for i := range 250 {
			f.say(r, bob, fmt.Sprintf("message %d", i+1), time.Duration(250-i)*time.Second, client.StateRead)
		}
		s := show(t, f, english(), 80, 24)
		s.keys("enter")
		s.contains("message 250")
		if n := len(s.m.room.messages); n != pageSize {
			t.Errorf("%d messages in memory at once", n)
		}
		for range 40 {
			s.keys("pgup")
		}
		s.contains("message 1\n", "newer below")
		s.keys("esc")
		s.contains("message 250")
		// Choosing walks message by message, and back down.
		s.keys("up", "up", "down", "down")
		if s.m.room.choosing {
			t.Error("below the newest message nothing is chosen")
		}
	})
}

func TestSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 80, 24)
		s.keys("enter", "ctrl+f")
		s.typing("welcome")
		s.contains("Nothing found")
		s.keys("tab")
		s.golden("search")
		s.keys("enter")
		s.contains("# Project X", "Welcome!")
		if !s.m.room.choosing {
			t.Error("what was found is not chosen")
		}
	})
}

func TestNewConversations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 80, 24)
		s.keys("n")
		s.typing("lé")
		s.golden("people")
		s.keys("enter")
		s.contains("No messages yet", "not verified")
		s.keys("ctrl+n", "tab", "down", "tab", "enter")
		s.typing("Friday")
		s.golden("naming")
		s.keys("enter")
		s.contains("# Friday", "3 members")
	})
}

func TestGroupMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, group := office()
		s := show(t, f, english(), 80, 24)
		s.keys("down", "enter", "ctrl+p")
		s.golden("members")
		s.keys("down", "r", "n")
		if len(group.conv.Members) != 3 {
			t.Error("removed without a yes")
		}
		s.keys("r", "y")
		if len(group.conv.Members) != 2 {
			t.Error("not removed")
		}
		s.keys("ctrl+p", "a")
		s.contains("Add to Project X")
		s.keys("enter")
		if len(group.conv.Members) != 3 {
			t.Error("not added")
		}
		s.keys("ctrl+p", "n", "ctrl+u")
		s.typing("Y")
		s.keys("enter")
		s.contains("# Y")
		s.keys("ctrl+p", "l", "y")
		s.contains("You are no longer in this group.")
		s.typing("text")
		s.lacks("> text")
	})
}

func TestSafetyNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, group := office()
		cfg := english()
		cfg.QR = func(payload []byte) (string, error) { return "[" + string(payload) + "]\n", nil }
		s := show(t, f, cfg, 80, 24)
		s.keys("down", "enter", "ctrl+p", "down", "down", "enter")
		s.golden("verify")
		s.keys("c")
		s.contains("[payload]")
		s.keys("c", "v")
		s.contains("You have compared this number.")
		if !group.conv.Members[2].Verified {
			t.Error("not marked")
		}
	})
}

func TestSendFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		f, direct, _ := office()
		cfg := english()
		cfg.Home = dir
		s := show(t, f, cfg, 80, 24)
		s.keys("enter", "ctrl+o")
		s.typing("~/no")
		s.contains("notes.txt")
		s.keys("tab", "enter")
		s.contains("notes.txt", "5 B", "queued")
		msg := direct.messages[len(direct.messages)-1]
		f.events <- client.Event{Kind: client.EventTransfer, Conversation: direct.conv.ID, Transfer: &client.Transfer{Message: msg.ID, Upload: true, Progress: client.Progress{Done: 2, Total: 5}}}
		s.settle()
		s.golden("sending-file")
		s.keys("ctrl+o")
		s.typing("/nowhere/at/all")
		s.keys("enter")
		s.contains("no such file")
	})
}

func TestSaveFile(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		f.hold = make(chan struct{})
		cfg := english()
		cfg.Saves = dir
		s := show(t, f, cfg, 80, 24)
		s.keys("down", "enter", "ctrl+s")
		s.contains("sha256", "no longer encrypted")
		s.keys("enter")
		s.contains("50%")
		close(f.hold)
		s.settle()
		s.contains("Saved, no longer encrypted")
		saved, err := os.ReadFile(filepath.Join(dir, "budget 2026.ods"))
		if err != nil || len(saved) != 123456 {
			t.Errorf("saved %d bytes: %v", len(saved), err)
		}
	})
}

func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, direct, _ := office()
		f.err = errors.New("the vault is full")
		s := show(t, f, english(), 80, 24)
		s.keys("enter")
		s.typing("precious")
		s.keys("enter")
		s.contains("the vault is full", "> precious")
		f.err = nil
		f.say(direct, f.self, "lost", 0, client.StateFailed)
		f.events <- client.Event{Kind: client.EventMissed}
		s.settle()
		s.contains("failed")
		s.keys("up")
		s.contains("send again")
		s.keys("enter")
		if len(f.did) != 1 || f.did[0] != "retry" {
			t.Errorf("did %v", f.did)
		}
	})
}

func TestStatusAndWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 80, 24)
		f.events <- client.Event{Kind: client.EventStatus, Status: &client.Status{State: client.LinkOffline, Queued: 2}}
		f.events <- client.Event{Kind: client.EventWarning, Warning: client.WarningFork}
		s.settle()
		s.golden("warning")
		s.keys("esc")
		s.lacks("another history")
		f.events <- client.Event{Kind: client.EventStatus, Status: &client.Status{State: client.LinkOffline, Reason: client.ErrPin}}
		s.settle()
		s.contains(client.ErrPin.Error())
	})
}

func TestDraftsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 80, 24)
		s.keys("enter")
		s.typing("half a thou")
		s.keys("alt+down")
		s.contains("Draft: half a thou")
		s.keys("alt+up")
		s.contains("> half a thou")
	})
}

func TestPasteIsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := office()
		s := show(t, f, english(), 80, 24)
		s.keys("enter")
		s.send(tea.PasteMsg{Content: "one\r\ntwo\x1b[31m"})
		s.contains("> one", "two␛[31m")
		s.keys("ctrl+c")
		s.contains("will be lost")
		s.keys("x", "ctrl+q")
		if s.quit {
			t.Error("quit without asking, with something unsent")
		}
		s.keys("ctrl+q")
		if !s.quit {
			t.Error("Ctrl+Q does not quit")
		}
	})
}

func TestClocksAndChangesReadAsTheyShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		bob := f.addContact(2, "Bob", false)
		r := f.addRoom(20, client.KindGroup, "Crew", bob)
		f.change(r, bob, client.Change{Kind: client.ChangeAdded, Members: []client.Contact{f.self}}, time.Minute)
		f.say(r, bob, "from next year", 0, client.StateRead)
		r.messages[len(r.messages)-1].Sent = f.now.AddDate(1, 0, 0)
		s := show(t, f, french(), 80, 24)
		s.keys("enter")
		s.contains("Bob vous a fait entrer dans le groupe", "Aujourd'hui", "Bob  14:05")
		s.lacks("2027")
	})
}

func TestFoundInThePastAndOnToThePresent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		bob := f.addContact(2, "Bob", false)
		r := f.addRoom(20, client.KindDirect, "Bob", bob)
		for i := range 400 {
			f.say(r, bob, fmt.Sprintf("message %d.", i+1), time.Duration(400-i)*time.Second, client.StateRead)
		}
		s := show(t, f, english(), 80, 24)
		s.keys("enter", "ctrl+f")
		s.typing("message 100.")
		s.keys("enter")
		s.contains("▌  message 100.", "message 96.", "message 104.", "newer below")
		seen := 100
		for range 60 {
			for strings.Contains(s.text(), fmt.Sprintf("message %d.", seen+1)) {
				seen++
			}
			s.keys("pgdown")
		}
		if seen != 400 || !s.m.room.last {
			t.Errorf("scrolling down showed all to message %d without a gap", seen)
		}
		s.lacks("newer below")
	})
}
