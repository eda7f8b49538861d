// Package terminal is the full-screen client of `bulle chat`.
//
// [Run] shows a [Client] until the person leaves. On the left stand the conversations, on the right the
// one that is open with a field to write in; panels for search, files, people and help lie over the
// right side. Below [wide] columns one side is shown at a time, so every window from 20 by 6 up works.
//
// The package is written as the Elm architecture wants it: one model, changed only by Update; whatever
// may block (the client's calls, files) runs in a command and comes back as a message. What other people
// wrote passes through package safe before it reaches the screen, so that no message can act on the
// terminal. Only the conversation on screen is held in memory; nothing is written to disk but the files
// that one saves.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"

	"bulle/device/client"
	"bulle/device/terminal/lang"
)

// Client is what the screens need of a device; *client.Client is one. Its methods are called
// concurrently, and never from Update.
type Client interface {
	Self() client.Contact
	Bubble() client.Bubble
	Status() client.Status
	Events(ctx context.Context) <-chan client.Event

	Contacts() ([]client.Contact, error)
	SafetyNumber(m client.MemberID) (client.SafetyNumber, error)
	MarkVerified(m client.MemberID, verified bool) error

	Conversations() ([]client.Conversation, error)
	Conversation(id client.ConversationID) (client.Conversation, error)
	Direct(m client.MemberID) (client.Conversation, error)
	CreateGroup(ctx context.Context, name string, members []client.MemberID) (client.Conversation, error)
	AddMembers(ctx context.Context, id client.ConversationID, members []client.MemberID) error
	RemoveMembers(ctx context.Context, id client.ConversationID, members []client.MemberID) error
	Leave(ctx context.Context, id client.ConversationID) error
	Rename(ctx context.Context, id client.ConversationID, name string) error

	History(id client.ConversationID, before client.Cursor, limit int) ([]client.Message, error)
	Search(ctx context.Context, id client.ConversationID, text string, before client.Cursor, limit int) ([]client.Message, error)
	Send(id client.ConversationID, d client.Draft) (client.MessageID, error)
	SendFile(id client.ConversationID, f client.FileSource) (client.MessageID, error)
	SaveFile(ctx context.Context, id client.ConversationID, m client.MessageID, to client.FileTarget, progress func(client.Progress)) error
	MarkRead(id client.ConversationID, upTo client.Cursor) error
	Retry(id client.ConversationID, m client.MessageID) error
}

// Config of [Run]. Client, Input and Output are required.
type Config struct {
	Client Client
	Input  io.Reader // the keyboard
	Output io.Writer // the screen
	// Environ is the environment in the form of os.Environ; TERM, COLORTERM and NO_COLOR decide about colour.
	Environ []string
	Lang    lang.Lang
	Now     func() time.Time                     // default time.Now
	Word    func(error) string                   // words a failure for a person; default its Error
	QR      func(payload []byte) (string, error) // draws a code without colours of its own; nil shows none
	Home    string                               // what ~ stands for in paths; "" leaves it alone
	Saves   string                               // the folder that saving a file suggests; default "."
}

// Run shows the client until the person leaves or ctx ends. It does not close the client. It fails with
// [client.ErrRemoved] when this device was removed meanwhile.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Client == nil || cfg.Input == nil || cfg.Output == nil {
		return errors.New("terminal: client, input and output are required")
	}
	ctx, cancel := context.WithCancel(ctx)
	m := newModel(ctx, cfg)
	program := tea.NewProgram(m,
		tea.WithContext(ctx), tea.WithInput(cfg.Input), tea.WithOutput(cfg.Output), tea.WithEnvironment(cfg.Environ),
		tea.WithoutSignalHandler(),
		tea.WithWindowSize(80, 24)) // for an output that does not tell its size
	_, err := program.Run()
	cancel()
	m.work.Wait()
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("show screen: %w", err)
	}
	if m.removed {
		return client.ErrRemoved
	}
	return nil
}
