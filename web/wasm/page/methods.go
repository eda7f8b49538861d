package page

import (
	"context"
	"reflect"

	"bulle/web/wasm/bridge"
)

//go:generate go run bulle/web/wasm/generate ../../app/src/lib/core/generated/api.ts

// A Core answers the page. The device core in this folder's parent does.
type Core interface {
	State(context.Context, bridge.None) (State, error)
	MakePassphrase(context.Context, bridge.None) (Passphrase, error)
	JudgePassphrase(context.Context, Passphrase) (Strength, error)
	CreateVault(context.Context, NewVault) (bridge.None, error)
	Unlock(context.Context, Passphrase) (bridge.None, error)
	ForgetVault(context.Context, bridge.None) (bridge.None, error)
	ChangePassphrase(context.Context, NewPassphrase) (bridge.None, error)
	ReadLink(context.Context, Link) (LinkKind, error)
	Enrol(context.Context, Enrolment) (bridge.None, error)
	Overview(context.Context, bridge.None) (Overview, error)
	Direct(context.Context, ID) (Conversation, error)
	History(context.Context, Page) (Messages, error)
	Search(context.Context, Query) (Messages, error)
	Send(context.Context, Draft) (MessageID, error)
	SendFile(context.Context, FileDraft) (MessageID, error)
	SendFileAgain(context.Context, FileAgain) (bridge.None, error)
	ReadFile(context.Context, MessageID) (Content, error)
	Transfers(context.Context, ID) (Transfers, error)
	PauseTransfer(context.Context, Pausing) (bridge.None, error)
	CancelTransfer(context.Context, Cancelling) (bridge.None, error)
	Retry(context.Context, MessageID) (bridge.None, error)
	React(context.Context, Reacting) (bridge.None, error)
	Edit(context.Context, Editing) (bridge.None, error)
	Delete(context.Context, Deletion) (bridge.None, error)
	SetTimer(context.Context, Timer) (bridge.None, error)
	MarkRead(context.Context, Reading) (bridge.None, error)
	CreateGroup(context.Context, NewGroup) (Conversation, error)
	AddMembers(context.Context, Membership) (bridge.None, error)
	RemoveMembers(context.Context, Membership) (bridge.None, error)
	SetRole(context.Context, Role) (bridge.None, error)
	Leave(context.Context, ID) (bridge.None, error)
	Rename(context.Context, Naming) (bridge.None, error)
	SafetyNumber(context.Context, ID) (SafetyNumber, error)
	Compare(context.Context, Scan) (Match, error)
	MarkVerified(context.Context, Verification) (bridge.None, error)
	Block(context.Context, Blocking) (bridge.None, error)
	Mute(context.Context, Muting) (bridge.None, error)
	Invite(context.Context, InviteTerms) (Link, error)
	Devices(context.Context, bridge.None) (Devices, error)
	LinkDevice(context.Context, bridge.None) (Linking, error)
	ConfirmDevice(context.Context, bridge.None) (bridge.None, error)
	CancelLink(context.Context, bridge.None) (bridge.None, error)
	RemoveDevice(context.Context, ID) (bridge.None, error)
	RenameDevice(context.Context, DeviceName) (bridge.None, error)
	SkipHistory(context.Context, bridge.None) (bridge.None, error)
	SetSettings(context.Context, Settings) (bridge.None, error)
	Arm(context.Context, Key) (bridge.None, error)
	Challenge(context.Context, bridge.None) (Challenge, error)
	SetMask(context.Context, NewMask) (bridge.None, error)
	Reveal(context.Context, Reveal) (bridge.None, error)
	Unseal(context.Context, Sealed) (Texts, error)
	Shorten(context.Context, bridge.None) (bridge.None, error)
	Spend(context.Context, Item) (bridge.None, error)
	Cover(context.Context, bridge.None) (bridge.None, error)
}

// Methods returns what the page may call, by the names it calls them. c may be
// [Nobody] where nothing is called.
func Methods(c Core) []bridge.Method {
	return []bridge.Method{
		bridge.Handle("state", c.State),
		bridge.Handle("makePassphrase", c.MakePassphrase),
		bridge.Handle("judgePassphrase", c.JudgePassphrase),
		bridge.Handle("createVault", c.CreateVault),
		bridge.Handle("unlock", c.Unlock),
		bridge.Handle("forgetVault", c.ForgetVault),
		bridge.Handle("changePassphrase", c.ChangePassphrase),
		bridge.Handle("readLink", c.ReadLink),
		bridge.Handle("enrol", c.Enrol),
		bridge.Handle("overview", c.Overview),
		bridge.Handle("direct", c.Direct),
		bridge.Handle("history", c.History),
		bridge.Handle("search", c.Search),
		bridge.Handle("send", c.Send),
		bridge.Handle("sendFile", c.SendFile),
		bridge.Handle("sendFileAgain", c.SendFileAgain),
		bridge.Handle("readFile", c.ReadFile),
		bridge.Handle("transfers", c.Transfers),
		bridge.Handle("pauseTransfer", c.PauseTransfer),
		bridge.Handle("cancelTransfer", c.CancelTransfer),
		bridge.Handle("retry", c.Retry),
		bridge.Handle("react", c.React),
		bridge.Handle("edit", c.Edit),
		bridge.Handle("delete", c.Delete),
		bridge.Handle("setTimer", c.SetTimer),
		bridge.Handle("markRead", c.MarkRead),
		bridge.Handle("createGroup", c.CreateGroup),
		bridge.Handle("addMembers", c.AddMembers),
		bridge.Handle("removeMembers", c.RemoveMembers),
		bridge.Handle("setRole", c.SetRole),
		bridge.Handle("leave", c.Leave),
		bridge.Handle("rename", c.Rename),
		bridge.Handle("safetyNumber", c.SafetyNumber),
		bridge.Handle("compare", c.Compare),
		bridge.Handle("markVerified", c.MarkVerified),
		bridge.Handle("block", c.Block),
		bridge.Handle("mute", c.Mute),
		bridge.Handle("invite", c.Invite),
		bridge.Handle("devices", c.Devices),
		bridge.Handle("linkDevice", c.LinkDevice),
		bridge.Handle("confirmDevice", c.ConfirmDevice),
		bridge.Handle("cancelLink", c.CancelLink),
		bridge.Handle("removeDevice", c.RemoveDevice),
		bridge.Handle("renameDevice", c.RenameDevice),
		bridge.Handle("skipHistory", c.SkipHistory),
		bridge.Handle("setSettings", c.SetSettings),
		bridge.Handle("arm", c.Arm),
		bridge.Handle("challenge", c.Challenge),
		bridge.Handle("setMask", c.SetMask),
		bridge.Handle("reveal", c.Reveal),
		bridge.Handle("unseal", c.Unseal),
		bridge.Handle("shorten", c.Shorten),
		bridge.Handle("spend", c.Spend),
		bridge.Handle("cover", c.Cover),
	}
}

// Events returns what the core announces by itself, with what comes along.
func Events() map[string]reflect.Type {
	return map[string]reflect.Type{
		"message":      reflect.TypeFor[Message](),
		"state":        reflect.TypeFor[Message](),
		"gone":         reflect.TypeFor[Gone](),
		"conversation": reflect.TypeFor[Conversation](),
		"contact":      reflect.TypeFor[Contact](),
		"status":       reflect.TypeFor[Status](),
		"transfer":     reflect.TypeFor[Transfer](),
		"warning":      reflect.TypeFor[Warning](),
		"devices":      reflect.TypeFor[Devices](),
		"linking":      reflect.TypeFor[Linking](),
		"removed":      reflect.TypeFor[bridge.None](),
		"missed":       reflect.TypeFor[bridge.None](),
		"covered":      reflect.TypeFor[bridge.None](),
	}
}

// Nobody is a core that answers nothing: it stands for one where only the names
// and types of the methods matter.
type Nobody struct{ Core }
