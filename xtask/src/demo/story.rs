//! What the demo shows, step by step.

use anyhow::{Context, Result, bail};
use kube::{api::DynamicObject, core::PartialObjectMeta};

use super::{
    env,
    live::Live,
    place::Place,
    tree,
    world::{World, comes_with_namespace, images},
};
use crate::{
    cluster::manifests::{self, title},
    steps::Steps,
    workspace,
};

const EXAMPLE: &str = "examples/payments-api.yaml";

/// The example's workload, in the demo's namespace.
pub struct Story<'a> {
    place: &'a Place,
    workload: DynamicObject,
}

impl<'a> Story<'a> {
    /// Reads the example.
    pub fn read(place: &'a Place) -> Result<Self> {
        let objects = manifests::read(&workspace::file(EXAMPLE))?;
        let mut workload = objects.into_iter().next().with_context(|| format!("{EXAMPLE} is empty"))?;
        workload.metadata.namespace = Some(place.namespace.to_owned());
        if let Some(image) = place.images.first {
            set_image(&mut workload, image);
        }
        Ok(Self { place, workload })
    }

    fn name(&self) -> &str {
        self.workload.metadata.name.as_deref().unwrap_or_default()
    }

    /// Creates the workload and shows how it becomes ready, and what it has become.
    pub async fn create(&self, live: &mut Live, steps: &mut Steps) -> Result<()> {
        steps.begin("apply the workload", EXAMPLE);
        if let Some(image) = self.place.images.first {
            println!("   with image {image}, as that of the example does not exist");
        }
        self.apply(live, &self.workload).await?;
        let awaited = format!("{} to be Ready", title(&self.workload));
        live.until(&awaited, self.place.within, |world| world.ready_workload(self.name()).is_some()).await?;
        self.show(live.world(), steps);
        Ok(())
    }

    fn show(&self, world: &World, steps: &mut Steps) {
        steps.begin("look at the objects", "each below its owner");
        tree::lines(world).iter().for_each(|line| println!("   {line}"));
        let workload = world.ready_workload(self.name());
        let pods = workload.map(|workload| world.pods_of(workload)).unwrap_or_default();
        if let Some(pod) = pods.first() {
            println!("\n   The environment of {} (what is secret stays a reference):", title(pod));
            env::lines(pod).iter().for_each(|line| println!("   {line}"));
        }
    }

    /// Changes the image and shows the rollout.
    pub async fn roll_out(&self, live: &mut Live, steps: &mut Steps) -> Result<()> {
        let image = self.place.images.second;
        steps.begin("change the image", &format!("to {image}"));
        let mut changed = self.workload.clone();
        set_image(&mut changed, image);
        self.apply(live, &changed).await?;
        let awaited = format!("{} to be Ready, and all its pods to run {image}", title(&changed));
        live.until(&awaited, self.place.within, |world| runs_only(world, self.name(), image)).await
    }

    /// Deletes the workload and shows that nothing is left.
    pub async fn delete(&self, live: &mut Live, steps: &mut Steps) -> Result<()> {
        steps.begin("delete the workload", "");
        if self.place.own.is_none() {
            println!("   Kubernetes looks for new kinds every 30 s, and removes what they own only then.");
        }
        live.start_clock();
        self.place.cluster.delete(&self.workload).await?;
        live.until("everything in the namespace to be gone", self.place.within, World::is_empty).await?;
        let (kinds, left) = self.left().await?;
        if !left.is_empty() {
            bail!("there should be nothing left, but there is: {}", left.join(", "));
        }
        println!(
            "   Nothing is left: 0 objects of {kinds} kinds, claims and Secrets included (but what every"
        );
        println!("   namespace has: ServiceAccount default, ConfigMap kube-root-ca.crt, and Events).");
        Ok(())
    }

    /// Asks the API server itself, not what was watched: how many kinds, and what there is.
    async fn left(&self) -> Result<(usize, Vec<String>)> {
        let kinds = self.place.cluster.namespaced_kinds().await?;
        let mut left = Vec::new();
        for kind in &kinds {
            let api = kind.metadata_api(&self.place.cluster.client(), self.place.namespace);
            // A kind whose server is away has no objects that can be seen.
            let Ok(list) = api.list(&kube::api::ListParams::default()).await else { continue };
            let typed = |partial: PartialObjectMeta<DynamicObject>| DynamicObject {
                metadata: partial.metadata,
                ..DynamicObject::new("", &kind.resource)
            };
            left.extend(list.items.into_iter().map(typed).filter(|object| !comes_with_namespace(object)));
        }
        Ok((kinds.len(), left.iter().map(title).collect()))
    }

    async fn apply(&self, live: &mut Live, object: &DynamicObject) -> Result<()> {
        live.start_clock();
        self.place.cluster.apply(object).await.map(drop)
    }
}

fn set_image(workload: &mut DynamicObject, image: &str) {
    let containers = workload.data["spec"]["containers"].as_object_mut();
    containers.into_iter().flat_map(|containers| containers.values_mut()).for_each(|container| {
        container["image"] = image.into();
    });
}

fn runs_only(world: &World, workload: &str, image: &str) -> bool {
    let pods = world.ready_workload(workload).map(|workload| world.pods_of(workload)).unwrap_or_default();
    !pods.is_empty() && pods.iter().all(|pod| images(pod).all(|found| found == image))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::world::tests::object;

    fn world(pod_images: &[&str]) -> World {
        let mut world = World::default();
        let status =
            json!({ "observedGeneration": 1, "conditions": [{ "type": "Ready", "status": "True" }] });
        world.put(object(
            "k8s.score.dev/v1alpha1",
            "ScoreWorkload",
            "api",
            &[],
            &json!({ "status": status }),
        ));
        world.put(object("apps/v1", "Deployment", "d", &["api"], &json!({})));
        for image in pod_images {
            let spec = json!({ "containers": [{ "image": image }] });
            world.put(object("v1", "Pod", image, &["d"], &json!({ "spec": spec })));
        }
        world
    }

    #[test]
    fn a_rollout_is_over_when_no_old_pod_is_left() {
        assert!(!runs_only(&world(&[]), "api", "new"));
        assert!(!runs_only(&world(&["old", "new"]), "api", "new"));
        assert!(runs_only(&world(&["new"]), "api", "new"));
        assert!(!runs_only(&world(&["new"]), "other", "new"));
    }

    #[test]
    fn the_example_takes_another_image() {
        let mut workload = manifests::read(&workspace::file(EXAMPLE)).unwrap().remove(0);
        set_image(&mut workload, "new");
        let containers = workload.data["spec"]["containers"].as_object().unwrap();
        assert!(!containers.is_empty() && containers.values().all(|container| container["image"] == "new"));
    }
}
