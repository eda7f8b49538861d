package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/lang"
	"bulle/device/terminal/safe"
)

// messageLine is the JSON of one message, in `bulle read`, `bulle listen` and `bulle send`.
type messageLine struct {
	Event          string      `json:"event,omitempty"` // only in listen: "message"
	ID             string      `json:"id"`
	Conversation   string      `json:"conversation"`
	ConversationID string      `json:"conversation_id"`
	Kind           string      `json:"kind"` // of the conversation: direct, group
	From           string      `json:"from"`
	FromID         string      `json:"from_id"`
	Own            bool        `json:"own"`
	Text           string      `json:"text,omitempty"`
	File           *fileLine   `json:"file,omitempty"`
	Change         *changeLine `json:"change,omitempty"`
	State          string      `json:"state"`
	Reason         string      `json:"reason,omitempty"` // why the state is failed
	Sent           string      `json:"sent"`
	Received       string      `json:"received"`

	ReplyTo   *quoteLine     `json:"reply_to,omitempty"`
	Reactions []reactionLine `json:"reactions,omitempty"`
	Edited    bool           `json:"edited,omitempty"`
	Deleted   bool           `json:"deleted,omitempty"`  // by its sender, for everyone
	Lifetime  int            `json:"lifetime,omitempty"` // seconds that it may be kept once read
	Expires   string         `json:"expires,omitempty"`
}

type fileLine struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Type   string `json:"type,omitempty"`
	Voice  bool   `json:"voice,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	// Milliseconds is how long it plays.
	Milliseconds int64  `json:"milliseconds,omitempty"`
	Path         string `json:"path,omitempty"` // where --save put it
	about        func(lang.Lang) string
}

type changeLine struct {
	Kind    string   `json:"kind"`
	Members []string `json:"members,omitempty"`
	Name    string   `json:"name,omitempty"`
	Seconds int      `json:"seconds,omitempty"` // of a timer; absent: off
}

func lineOf(conv client.Conversation, msg client.Message) messageLine {
	line := messageLine{
		ID: msg.ID.String(), Conversation: conv.Name, ConversationID: conv.ID.String(), Kind: conv.Kind.String(),
		From: msg.FromName, FromID: msg.From.String(), Own: msg.Own, Text: msg.Text, State: msg.State.String(),
		Sent: msg.Sent.UTC().Format(time.RFC3339Nano), Received: msg.Received.UTC().Format(time.RFC3339Nano),
	}
	wordsOf(&line, msg)
	if msg.State == client.StateFailed {
		line.Reason = msg.Reason.String()
	}
	if f := msg.File; f != nil {
		line.File = &fileLine{
			Name: f.Name, Size: f.Size, Type: f.MediaType, Voice: f.Shown.Voice,
			Width: f.Shown.Width, Height: f.Shown.Height, Milliseconds: f.Shown.Duration.Milliseconds(),
			about: func(l lang.Lang) string { return files.About(l, f) },
		}
		if f.SHA256 != ([32]byte{}) {
			line.File.SHA256 = client.Fingerprint(f.SHA256[:])
		}
	}
	if change := msg.Change; change != nil {
		line.Change = &changeLine{Kind: change.Kind.String(), Name: change.Name, Seconds: int(change.Timer.Seconds())}
		for _, member := range change.Members {
			line.Change.Members = append(line.Change.Members, member.Name)
		}
	}
	return line
}

// printer shows messages, and saves their files if that was asked for.
type printer struct {
	s       *shell
	c       *client.Client
	event   string // "event" of the JSON lines
	folder  string // where to save files; "" saves none
	changes bool   // also what happened to the group itself
	named   bool   // lines for people name the conversation
	day     string // the last date that was shown
	failed  error  // the first file that could not be saved
}

// show prints one message. A file that cannot be saved does not keep the others from being shown.
func (p *printer) show(ctx context.Context, conv client.Conversation, msg client.Message) error {
	if msg.Kind == client.MessageChange && p.s.flags.json && !p.changes {
		return nil
	}
	line := lineOf(conv, msg)
	line.Event = p.event
	if msg.File != nil && p.folder != "" && !msg.Own {
		meter := p.s.meter(msg.File.Name)
		path, err := files.Save(ctx, p.c, msg, p.folder, meter.show)
		meter.done()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && p.failed == nil {
			p.failed = fmt.Errorf("save file: %w", err)
		}
		line.File.Path = path
	}
	if p.s.flags.json {
		return p.s.line(line)
	}
	return p.print(conv, msg, line)
}

// print shows a message to a person: a date where it changes, then "14:05 Bob: text".
func (p *printer) print(conv client.Conversation, msg client.Message, line messageLine) error {
	at := msg.Sent.Local()
	if msg.Sent.After(msg.Received) { // a clock that is ahead
		at = msg.Received.Local()
	}
	if day := at.Format(time.DateOnly); day != p.day {
		p.day = day
		p.s.print("--- " + day + "\n")
	}
	head := at.Format("15:04") + " "
	if p.named && conv.Kind == client.KindGroup {
		head += "[" + safe.Line(conv.Name) + "] "
	}
	who := safe.Line(msg.FromName)
	if msg.Own {
		who = p.s.lang.Say("You", "Vous")
	}
	text := ""
	switch {
	case msg.Change != nil:
		text = p.s.changeWords(who, *msg.Change)
		who = ""
	case msg.File != nil:
		text = p.s.fileWords(line.File)
		if msg.Text != "" {
			text += "\n" + safe.Text(msg.Text)
		}
	default:
		text = safe.Text(msg.Text)
	}
	text = p.s.withWords(text, msg)
	if who != "" {
		head += who + ": "
	}
	if msg.Own && msg.Change == nil {
		text += "  (" + p.s.stateWord(msg.State) + ")"
	}
	p.s.print(head + strings.ReplaceAll(text, "\n", "\n      ") + "\n")
	return p.s.broken // what was not shown is not read
}

func (s *shell) fileWords(f *fileLine) string {
	words := s.lang.Say("file ", "fichier ") + safe.Line(f.Name) + " (" + s.lang.Size(f.Size) + ")"
	if about := f.about(s.lang); about != "" {
		words = about + ": " + words
	}
	if f.SHA256 != "" {
		words += "\nsha256 " + f.SHA256
	}
	if f.Path != "" {
		words += "\n-> " + safe.Line(f.Path)
	}
	return words
}

// stateWord tells a person how far a message has come.
func (s *shell) stateWord(state client.State) string {
	switch state {
	case client.StateQueued:
		return s.lang.Say("queued", "en attente")
	case client.StateRelayed:
		return s.lang.Say("relayed", "relayé")
	case client.StateDelivered:
		return s.lang.Say("delivered", "remis")
	case client.StateRead:
		return s.lang.Say("read", "lu")
	case client.StateFailed:
		return s.lang.Say("failed", "échec")
	}
	return state.String()
}

// changeWords tells a person what happened to a group.
func (s *shell) changeWords(who string, change client.Change) string {
	var names []string
	for _, member := range change.Members {
		names = append(names, safe.Line(member.Name))
	}
	all, title := strings.Join(names, ", "), safe.Line(change.Name)
	switch change.Kind {
	case client.ChangeCreated:
		return s.lang.Say("* %s: group %s created", "* %s : groupe %s créé", who, title)
	case client.ChangeAdded:
		if who == "" { // the first thing that a new member sees
			return s.lang.Say("* %s joined", "* %s : arrivée", all)
		}
		return s.lang.Say("* %s: added %s", "* %s : ajout de %s", who, all)
	case client.ChangeRemoved:
		return s.lang.Say("* %s: removed %s", "* %s : retrait de %s", who, all)
	case client.ChangeLeft:
		return s.lang.Say("* %s: left", "* %s : départ", who)
	case client.ChangeRenamed:
		return s.lang.Say("* %s: group renamed %s", "* %s : groupe renommé %s", who, title)
	case client.ChangePromoted:
		return s.lang.Say("* %s: made %s administrator", "* %s : %s dirige maintenant le groupe", who, all)
	case client.ChangeDemoted:
		return s.lang.Say("* %s: %s is no longer administrator", "* %s : %s ne dirige plus le groupe", who, all)
	case client.ChangeOpened:
		return s.lang.Say("* no administrator is left: everybody may change the group", "* plus d'administrateur : chacun peut changer le groupe")
	case client.ChangeTimer:
		if change.Timer == 0 {
			return s.lang.Say("* %s: messages do not disappear any more", "* %s : les messages ne disparaissent plus", who)
		}
		return s.lang.Say("* %s: messages disappear %s after they are read", "* %s : les messages disparaissent %s après leur lecture", who, timerWords(change.Timer))
	case client.ChangeDevice:
		return s.lang.Say("* %s: a new device", "* %s : un nouvel appareil", who) //nolint:misspell // French
	case client.ChangeDeviceGone:
		return s.lang.Say("* %s: a device was removed", "* %s : un appareil a été retiré", who) //nolint:misspell // French
	case client.ChangeLost:
		return s.lang.Say("* messages were lost: the relay had dropped them", "* des messages sont perdus : le relais les avait effacés")
	}
	return "*"
}

// meter shows the progress of a file on a terminal; elsewhere it is silent.
type meter struct {
	s     *shell
	name  string
	last  int64
	shown bool
}

func (s *shell) meter(name string) *meter {
	m := &meter{s: s, name: safe.Line(name), last: -1}
	if interactive(s.stderr) == nil {
		m.s = nil
	}
	return m
}

func (m *meter) show(p client.Progress) {
	if m.s == nil || p.Total <= 0 {
		return
	}
	if percent := 100 * p.Done / p.Total; percent != m.last {
		m.last, m.shown = percent, true
		m.s.mutter(fmt.Sprintf("\r%3d%%  %s  %s", percent, m.s.lang.Size(p.Total), m.name))
	}
}

func (m *meter) done() {
	if m.shown {
		m.s.mutter("\n")
	}
}
