//! `cargo xtask demo`: the whole path of one Score file, live.

mod env;
mod live;
mod place;
mod story;
mod tree;
mod world;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Error, Result, anyhow};
use tokio::time::timeout;

use crate::{
    cluster::manifests,
    install::{ACCOUNT, Installed, NAMESPACE, install},
    interrupt::Interrupt,
    operator::Operator,
    steps::Steps,
};
use live::Live;
use place::Place;
use story::Story;

/// How long removing what we made may take: namespaces are emptied first.
const CLEAN_UP_WITHIN: Duration = Duration::from_mins(2);

/// What the demo is asked to do.
#[derive(clap::Args)]
pub struct Options {
    /// Leave everything running at the end, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Use an existing cluster, of this kubeconfig, in place of a control plane of our own.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Use an existing cluster, of this context.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Do not ask before an existing cluster is used.
    #[arg(long)]
    yes: bool,
}

/// Runs the demo.
pub fn run(options: &Options) -> Result<ExitCode> {
    // One thread, which lives as long as we do: the operator is bound to the thread that started it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut steps = Steps::default();
        let place = Place::prepare(options, &mut steps).await?;
        let mut demo = Demo {
            place,
            keep: options.keep,
            steps,
            installed: Installed::default(),
            live: None,
            told: false,
        };
        let ending = demo.until_interrupted().await;
        demo.steps.end();
        let cleaned = demo.clean_up().await;
        match ending.and_then(|ending| cleaned.map(|()| ending)) {
            Ok(ending) => Ok(demo.conclude(&ending)),
            Err(error) => Err(demo.explain(&error)),
        }
    })
}

/// How the demo ended, if not by an error.
enum Ending {
    Complete,
    Interrupted,
}

struct Demo {
    place: Place,
    keep: bool,
    steps: Steps,
    installed: Installed,
    live: Option<Live>,
    /// Whether all has been shown.
    told: bool,
}

impl Demo {
    async fn until_interrupted(&mut self) -> Result<Ending> {
        let mut interrupt = Interrupt::listen()?;
        tokio::select! {
            result = self.act() => result?,
            // That is how it ends when it was to be kept.
            () = interrupt.arrives() => {}
        }
        Ok(if self.told { Ending::Complete } else { Ending::Interrupted })
    }

    async fn act(&mut self) -> Result<()> {
        self.install().await?;
        let mut operator = self.start_operator().await?;
        tokio::select! {
            result = self.tell() => result?,
            error = operator.ended() => return Err(error),
        }
        self.steps.end();
        self.told = true;
        if self.keep {
            println!("\n{}", hints(&self.place));
            return Err(operator.ended().await);
        }
        operator.stop().await
    }

    async fn install(&mut self) -> Result<()> {
        let what =
            "crds/ and config/, but not its Deployment: the operator is a process of this machine here";
        self.steps.begin("install", what);
        install(&self.place.cluster, &mut self.installed).await?;
        println!("   {}", manifests::count(&self.installed.objects));
        self.place.learn_new_kinds()?;
        self.place.cluster.create_namespace(self.place.namespace).await
    }

    async fn start_operator(&mut self) -> Result<Operator> {
        self.steps.begin(
            "start the operator",
            &format!("with the rights of ServiceAccount {NAMESPACE}/{ACCOUNT}, no more"),
        );
        let kubeconfig = self.place.dir.path().join("operator.kubeconfig");
        self.place.cluster.write_kubeconfig_of(NAMESPACE, ACCOUNT, &kubeconfig).await?;
        let operator = Operator::start(&self.place.program, &[], &kubeconfig, &self.place.operator_log())?;
        println!("   its log is {}", operator.log().display());
        self.live = Some(Live::open(&self.place.cluster, self.place.namespace).await?);
        Ok(operator)
    }

    async fn tell(&mut self) -> Result<()> {
        let live = self.live.as_mut().context("nothing is watched")?;
        let story = Story::read(&self.place)?;
        story.create(live, &mut self.steps).await?;
        story.roll_out(live, &mut self.steps).await?;
        if self.keep { Ok(()) } else { story.delete(live, &mut self.steps).await }
    }

    /// Removes from a cluster that is not ours what was not there before.
    async fn clean_up(&mut self) -> Result<()> {
        if self.keep || self.place.own.is_some() {
            return Ok(());
        }
        self.steps.begin("clean up", "everything that was not there before");
        timeout(CLEAN_UP_WITHIN, self.remove()).await.with_context(|| {
            format!(
                "{} did not remove all in time; see `kubectl get namespaces`",
                self.place.cluster.context()
            )
        })??;
        self.steps.end();
        Ok(())
    }

    async fn remove(&self) -> Result<()> {
        self.place.cluster.delete_namespace(self.place.namespace).await?;
        for object in self.installed.new.iter().rev() {
            match (manifests::kind(object), object.metadata.name.as_deref()) {
                ("Namespace", Some(name)) => self.place.cluster.delete_namespace(name).await?,
                _ => self.place.cluster.delete(object).await?,
            }
        }
        println!("   {}", manifests::count(&self.installed.new));
        Ok(())
    }

    fn conclude(&self, ending: &Ending) -> ExitCode {
        match ending {
            Ending::Complete => {
                println!("\n== how long each step took\n{}", self.steps.summary());
                ExitCode::SUCCESS
            }
            Ending::Interrupted => {
                println!("\ninterrupted; everything that was started has been ended");
                ExitCode::from(130)
            }
        }
    }

    /// The error with what helps to find its cause. Logs are kept.
    fn explain(&mut self, error: &Error) -> Error {
        self.place.dir.disable_cleanup(true);
        let conditions = self.live.as_ref().map(|live| live.world().conditions()).unwrap_or_default();
        let conditions = if conditions.is_empty() { String::new() } else { format!("\n  {conditions}") };
        let logs = self.place.own.as_ref().map(|own| format!(", Kubernetes: {}", own.logs().display()));
        let logs = logs.unwrap_or_default();
        anyhow!("{error:#}{conditions}\n  logs: operator: {}{logs}", self.place.operator_log().display())
    }
}

/// What to try while all is running.
fn hints(place: &Place) -> String {
    let namespace = place.namespace;
    let access = place.access();
    format!(
        "Everything runs until Ctrl-C. In another terminal:\n\n{access}\
         kubectl get scoreworkloads,scoreresources --namespace {namespace}\n\
         kubectl describe scoreworkload payments-api --namespace {namespace}\n\
         kubectl explain scoreworkload.spec.containers\n\
         kubectl get provisionerrules\n\
         kubectl delete scoreworkload payments-api --namespace {namespace}"
    )
}
